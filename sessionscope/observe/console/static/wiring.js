// The picture of the wiring, and the table that says the same.

import { byId, count, el, set, sync, text } from "./dom.js";
import { number } from "./format.js";

let drawn = "";
let chosen = "";

export function showWiring(wiring) {
  count("wiring", number(wiring.providers.length));
  const overridden = wiring.providers.filter((each) => each.overridden_by !== null).map((each) => each.name);
  const replaced = overridden.length ? `Overridden: ${overridden.join(", ")}.` : "Nothing is overridden.";
  text(byId("wiring-note"), `How ${wiring.container} makes its objects, and how long they live. ${replaced}`);
  if (wiring.picture !== drawn) draw(wiring);
  sync(byId("provider-rows"), wiring.providers, (each) => each.name, make, update);
}

function draw(wiring) {
  drawn = wiring.picture;
  const parsed = new DOMParser().parseFromString(wiring.picture, "image/svg+xml");
  const picture = document.importNode(parsed.documentElement, true);
  byId("picture").replaceChildren(picture);
  picture.addEventListener("pointerover", (event) => highlight(event.target.closest("[data-name]")?.dataset.name ?? chosen));
  picture.addEventListener("pointerleave", () => highlight(chosen));
  highlight(chosen);
}

function make(each) {
  const button = el("button", { type: "button", class: "link", "aria-pressed": "false" }, each.name);
  button.addEventListener("click", () => choose(each.name));
  return el("tr", {}, el("td", {}, button), el("td", { class: "lifetime" }), el("td", {}, el("span", { class: "mono makes" })), el("td", { class: "takes muted" }));
}

function update(row, each) {
  text(row.querySelector(".lifetime"), each.lifetime);
  text(row.querySelector(".makes"), each.overridden_by === null ? each.makes : `overridden: ${each.overridden_by}`);
  text(row.querySelector(".takes"), each.takes.join(", ") || "–");
}

/** Shows only a provider, what it takes and what takes it; a second time, everything again. */
function choose(name) {
  chosen = chosen === name ? "" : name;
  for (const button of document.querySelectorAll("#provider-rows button")) {
    set(button, { "aria-pressed": String(button.textContent === chosen) });
  }
  highlight(chosen);
}

function highlight(name) {
  const picture = byId("picture");
  const near = new Set([name]);
  for (const line of picture.querySelectorAll("[data-from]")) {
    const touches = line.dataset.from === name || line.dataset.to === name;
    if (touches) near.add(line.dataset.from).add(line.dataset.to);
    line.classList.toggle("is-dim", Boolean(name) && !touches);
  }
  for (const box of picture.querySelectorAll("[data-name]")) box.classList.toggle("is-dim", Boolean(name) && !near.has(box.dataset.name));
}
