// Asks for the state every two seconds while the page is visible, and shows it in place.

import { announce, byId, el, set, sync, text } from "./dom.js";
import { number, plural, sum, time } from "./format.js";
import * as merging from "./merging.js";
import { forgetHistory, showPools } from "./pools.js";
import { get } from "./server.js";
import { listen, showService } from "./service.js";
import { showRepeated, showSlow } from "./statements.js";
import { showUnits } from "./units.js";

const INTERVAL_MILLISECONDS = 2000;
const SERVICE_EVERY = 10;

let latest = null;
let asked = 0;
let timer = 0;
let isPaused = false;
let isLost = false;
let wasExhausted = false;

async function refresh() {
  clearTimeout(timer);
  try {
    if (asked % SERVICE_EVERY === 0) showService(await get("service"));
    asked += 1;
    latest = await get("state");
    if (isLost) announce("The service answers again.");
    isLost = false;
    show();
  } catch {
    lost();
  }
  schedule();
}

function schedule() {
  clearTimeout(timer);
  if (!isPaused && !document.hidden) timer = setTimeout(refresh, INTERVAL_MILLISECONDS);
}

function lost() {
  if (!isLost) announce("The service does not answer.");
  isLost = true;
  asked = 0;
  pulse("bad", latest ? `No answer since ${time(latest.at)}` : "No answer");
}

function pulse(tone, message) {
  set(byId("pulse"), { "data-tone": tone });
  text(byId("pulse-text"), message);
}

function show() {
  showProcesses(latest.processes);
  const pid = byId("process").value;
  const processes = latest.processes.filter((process) => !pid || String(process.pid) === pid);
  const pools = merging.pools(processes);
  const slow = merging.slow(processes);
  const units = merging.units(processes);
  const repeated = merging.repeated(processes);
  showPools(pools);
  showSlow(slow, latest.at);
  showRepeated(repeated, latest.at);
  showUnits(units);
  showFigures({ pools, slow, units, sessions: sum(processes, (process) => process.sessions.length) });
  showAlarm(pools.filter((pool) => pool.waiters > 0));
  if (!isPaused) pulse("good", `Live, ${time(latest.at)}`);
}

function showProcesses(processes) {
  byId("process").hidden = processes.length < 2;
  const options = [{ value: "", label: `${processes.length} processes` }];
  for (const { pid } of processes) options.push({ value: String(pid), label: `Process ${pid}` });
  sync(byId("process"), options, (option) => option.value, ({ value }) => el("option", { value }), (option, { label }) => text(option, label));
}

function showFigures({ pools, slow, units, sessions }) {
  const used = sum(pools, (pool) => pool.used);
  const waiters = sum(pools, (pool) => pool.waiters);
  const isLimited = pools.length > 0 && pools.every((pool) => pool.limit !== null);
  const limit = isLimited ? ` / ${number(sum(pools, (pool) => pool.limit))}` : "";
  const retried = sum(units, (each) => merging.total(each.retried));
  const givenUp = sum(units, (each) => merging.total(each.givenUp));
  const figures = [
    { name: "Connections in use", value: number(used), unit: limit, note: `${number(sum(pools, (pool) => pool.idle))} idle` },
    { name: "Waiting", value: number(waiters), note: waiters ? "for a free connection" : "nobody waits", tone: waiters ? "bad" : null },
    { name: "Open sessions", value: number(sessions), note: "requests and jobs" },
    { name: "Committed", value: number(sum(units, (each) => each.committed)), note: "units of work" },
    { name: "Ran again", value: number(retried), note: givenUp ? `${number(givenUp)} given up` : "none given up", tone: givenUp ? "bad" : null },
    { name: "Slow statements", value: number(slow.length), note: slow.length ? `sent ${plural(sum(slow, (each) => each.times), "time")}` : "none was sent", tone: slow.length ? "warn" : null },
  ];
  sync(byId("figures"), figures, (figure) => figure.name, makeFigure, updateFigure);
}

function makeFigure({ name }) {
  return el("div", { class: "figure" }, el("dt", {}, name), el("dd", {}, el("span", {}), el("small", {})), el("dd", { class: "note" }));
}

function updateFigure(element, { value, unit = "", note, tone }) {
  set(element, { "data-tone": tone });
  text(element.querySelector("dd span"), value);
  text(element.querySelector("dd small"), unit);
  text(element.querySelector(".note"), note);
}

function showAlarm(exhausted) {
  const alarm = byId("alarm");
  alarm.hidden = exhausted.length === 0;
  const lines = exhausted.map((pool) => ({ name: pool.name, title: title(pool), detail: detail(pool) }));
  sync(alarm, lines, (line) => line.name, () => el("div", {}, el("strong", {}), el("p", {})), (row, line) => {
    text(row.querySelector("strong"), line.title);
    text(row.querySelector("p"), line.detail);
  });
  const isExhausted = exhausted.length > 0;
  if (isExhausted !== wasExhausted) announce(isExhausted ? lines.map((line) => line.title).join("; ") : "The pools have free connections again.");
  wasExhausted = isExhausted;
}

function title(pool) {
  const where = pool.pools > 1 ? ` of process ${pool.exhausted.join(" and ")}` : "";
  return `${pool.name}${where} has no free connection`;
}

function detail(pool) {
  const [first] = pool.places;
  const holds = first ? ` The longest is in use by ${first.task}, taken at ${first.line}.` : "";
  return `${plural(pool.waiters, "task")} ${pool.waiters === 1 ? "waits" : "wait"} for one.${holds}`;
}

function pause() {
  isPaused = !isPaused;
  text(byId("pause"), isPaused ? "Resume" : "Pause");
  if (!isPaused) return refresh();
  clearTimeout(timer);
  return pulse("warn", latest ? `Paused at ${time(latest.at)}` : "Paused");
}

/** Marks the section that is being read in the navigation. */
function follow() {
  const links = new Map([...document.querySelectorAll(".sections a")].map((link) => [link.hash.slice(1), link]));
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      set(links.get(target.getAttribute("aria-labelledby")), { "aria-current": isIntersecting ? "true" : null });
    }
  }, { rootMargin: "-25% 0px -74% 0px" });
  for (const section of document.querySelectorAll("main section")) observer.observe(section);
}

listen();
follow();
byId("pause").addEventListener("click", pause);
byId("process").addEventListener("change", () => {
  forgetHistory();
  if (latest) show();
});
document.addEventListener("visibilitychange", () => (document.hidden || isPaused ? clearTimeout(timer) : refresh()));
refresh();
