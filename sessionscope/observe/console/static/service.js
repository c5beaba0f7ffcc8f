// What a service is made of: health, migrations, settings.

import { announce, byId, count, el, set, sync, text } from "./dom.js";
import { number, plural, time } from "./format.js";
import { post } from "./server.js";
import { showWiring } from "./wiring.js";

let settings = [];
let migrations = [];
let checks = null;

export function showService(service) {
  document.title = `${service.title} · console`;
  text(byId("title"), service.title);
  const library = service.library ? `sessionscope ${service.library} · ` : "";
  text(byId("subtitle"), `Version ${service.version} · ${library}Python ${service.python}`);
  ({ settings, migrations } = service);
  count("settings", number(settings.length));
  showWiring(service.wiring);
  showSettings();
  showHealth();
}

export function listen() {
  byId("check").addEventListener("click", check);
  byId("filter").addEventListener("input", showSettings);
  byId("changed").addEventListener("change", showSettings);
}

function showSettings() {
  const wanted = byId("filter").value.trim().toLowerCase();
  const onlyChanged = byId("changed").checked;
  const shown = settings.filter((each) => {
    const matches = `${each.name} ${each.value} ${each.source}`.toLowerCase().includes(wanted);
    return matches && !(onlyChanged && each.source === "default");
  });
  byId("settings-empty").hidden = shown.length > 0;
  sync(byId("setting-rows"), shown, (each) => each.name, makeSetting, updateSetting);
}

function makeSetting(each) {
  return el("tr", {}, el("td", {}, el("span", { class: "mono" }, each.name)), el("td", {}, el("span", { class: "mono value" })), el("td", { class: "source" }));
}

function updateSetting(row, each) {
  text(row.querySelector(".value"), each.value || "–");
  text(row.querySelector(".source"), each.source);
  row.querySelector(".source").classList.toggle("muted", each.source === "default");
}

async function check() {
  set(byId("check"), { "aria-busy": "true" });
  text(byId("check"), "Checking…");
  checks = await post("checks").catch(() => null);
  set(byId("check"), { "aria-busy": null });
  text(byId("check"), "Check now");
  text(byId("health-note"), checks ? `Checked at ${time(checks.at)}.` : "The service does not answer.");
  showHealth();
  const faults = checks ? checks.databases.filter((each) => each.fault) : [];
  announce(faults.length ? faults.map((each) => `${each.database}: ${each.fault}`).join("; ") : byId("health-note").textContent);
}

function showHealth() {
  const names = new Set([...migrations.map((each) => each.database), ...(checks?.databases ?? []).map((each) => each.database)]);
  const shown = [...names].map((name) => ({
    name,
    shipped: migrations.find((each) => each.database === name),
    found: checks?.databases.find((each) => each.database === name),
  }));
  const faults = shown.filter((each) => each.found?.fault).length;
  count("health", faults ? plural(faults, "fault") : checks ? "ok" : "", faults ? "bad" : null);
  sync(byId("health-cards"), shown, (each) => each.name, makeHealth, updateHealth);
}

function makeHealth(each) {
  return el("article", { class: "card", "aria-label": `Health of ${each.name}` },
    el("header", {}, el("div", {}, el("h3", {}, each.name), el("p", { class: "told" })), el("span", { class: "badge" })),
    el("dl", { class: "facts" }, ...["Answers in", "Migrations", "Newest revision"].map((name) =>
      el("div", { "data-fact": name }, el("dt", {}, name), el("dd", {})))));
}

function updateHealth(card, { shipped, found }) {
  const badge = card.querySelector(".badge");
  set(badge, { "data-tone": found ? (found.fault ? "bad" : "good") : null });
  text(badge, found ? (found.fault ? "Not ready" : "Ready") : "Not checked");
  text(card.querySelector(".told"), told(shipped, found));
  const milliseconds = found?.milliseconds ?? null;
  const values = {
    "Answers in": milliseconds === null ? "–" : `${milliseconds} ms`,
    Migrations: shipped ? number(shipped.count) : "–",
    "Newest revision": shipped?.heads.join(", ") || "–",
  };
  for (const [name, value] of Object.entries(values)) text(card.querySelector(`[data-fact="${name}"] dd`), value);
}

function told(shipped, found) {
  if (!found) return "It was not asked yet.";
  if (found.fault) return found.fault;
  return shipped ? "It answers, and has the tables that this release needs." : "It answers.";
}
