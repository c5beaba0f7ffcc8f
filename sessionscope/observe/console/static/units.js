// The units of work of each database: committed, run again and given up, by cause.

import { byId, count, el, set, sync, text } from "./dom.js";
import { number } from "./format.js";
import { total } from "./merging.js";

export function showUnits(units) {
  const givenUp = units.reduce((sum, each) => sum + total(each.givenUp), 0);
  count("units", givenUp ? `${number(givenUp)} given up` : "", givenUp ? "bad" : null);
  byId("units-empty").hidden = units.length > 0;
  sync(byId("unit-cards"), units, (each) => each.name, make, update);
}

function make(each) {
  return el("article", { class: "card", "aria-label": `Units of work of ${each.name}` },
    el("header", {}, el("h3", {}, each.name)),
    el("dl", { class: "facts" }, ...["Committed", "Ran again", "Given up"].map(fact)),
    el("p", { class: "muted causes" }));
}

function fact(name) {
  return el("div", { "data-fact": name }, el("dt", {}, name), el("dd", {}));
}

function update(card, each) {
  const values = { Committed: each.committed, "Ran again": total(each.retried), "Given up": total(each.givenUp) };
  for (const [name, value] of Object.entries(values)) text(card.querySelector(`[data-fact="${name}"] dd`), number(value));
  set(card.querySelector('[data-fact="Ran again"]'), { "data-tone": values["Ran again"] ? "warn" : null });
  set(card.querySelector('[data-fact="Given up"]'), { "data-tone": values["Given up"] ? "bad" : null });
  text(card.querySelector(".causes"), causes(each));
}

function causes(each) {
  const listed = (what, counts) => Object.entries(counts).map(([cause, times]) => `${what} because of ${cause.replaceAll("_", " ")}: ${number(times)}`);
  const found = [...listed("ran again", each.retried), ...listed("given up", each.givenUp)];
  return found.length ? `${found.join("; ")}.` : "No transaction had to run again.";
}
