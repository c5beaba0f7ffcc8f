// The cards of the pools: a gauge, the last two minutes, and what holds the connections.

import { byId, count, el, set, svg, sync, text } from "./dom.js";
import { duration, number, plural } from "./format.js";

const SAMPLES = 60;
const MOST_PLACES = 5;
const history = new Map();

export function forgetHistory() {
  history.clear();
}

export function showPools(pools) {
  const exhausted = pools.filter((pool) => pool.waiters > 0).length;
  count("pools", exhausted ? "exhausted" : "", exhausted ? "bad" : null);
  byId("pools-empty").hidden = pools.length > 0;
  sync(byId("pool-cards"), pools, (pool) => pool.name, make, update);
}

function make(pool) {
  return el("article", { class: "card", "aria-label": `Pool of ${pool.name}` },
    el("header", {},
      el("div", {}, el("h3", {}, pool.name), el("p", {}, `${pool.driver}, ${pool.database}`)),
      el("span", { class: "badge" })),
    el("div", { class: "level" }, gauge(), spark()),
    el("dl", { class: "facts" }, ...["In use", "Idle", "Waiting", "Limit"].map(fact)),
    el("div", { class: "holds" }, el("p", {}), el("ul", { class: "holds-list" })));
}

function fact(name) {
  return el("div", { "data-fact": name }, el("dt", {}, name), el("dd", {}));
}

function gauge() {
  return svg("svg", { class: "gauge", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    ...["track", "idle", "used"].map((kind) => svg("rect", { class: kind, height: 10, width: kind === "track" ? 100 : 0 })));
}

function spark() {
  return svg("svg", { class: "spark", viewBox: `0 0 ${SAMPLES - 1} 34`, preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("path", { class: "area" }), svg("path", { class: "edge" }));
}

function update(card, pool) {
  const tone = pool.waiters ? "bad" : pool.limit && pool.used === pool.limit ? "warn" : "good";
  set(card, { "data-tone": tone });
  const badge = card.querySelector(".badge");
  set(badge, { "data-tone": pool.used || tone === "bad" ? tone : null });
  text(badge, tone === "bad" ? "Exhausted" : tone === "warn" ? "All in use" : pool.used ? "In use" : "Quiet");
  const whole = Math.max(pool.limit ?? 0, pool.used + pool.idle, 1);
  set(card.querySelector(".gauge .used"), { width: (100 * pool.used) / whole });
  set(card.querySelector(".gauge .idle"), { width: (100 * (pool.used + pool.idle)) / whole });
  draw(card, pool, whole);
  facts(card, pool);
  holds(card, pool);
}

function facts(card, pool) {
  const values = { "In use": pool.used, Idle: pool.idle, Waiting: pool.waiters, Limit: limit(pool) };
  for (const [name, value] of Object.entries(values)) {
    text(card.querySelector(`[data-fact="${name}"] dd`), typeof value === "number" ? number(value) : value);
  }
  set(card.querySelector('[data-fact="Waiting"]'), { "data-tone": pool.waiters ? "bad" : null });
}

function limit(pool) {
  if (pool.limit === null) return "none";
  const each = `${pool.size} + ${pool.overflow}`;
  return pool.pools > 1 ? `${pool.pools} × (${each})` : each;
}

function draw(card, pool, whole) {
  const samples = history.get(pool.name) ?? [];
  samples.push(pool.used);
  history.set(pool.name, samples.slice(-SAMPLES));
  const shown = history.get(pool.name);
  const left = SAMPLES - shown.length;
  const points = shown.map((used, index) => `${left + index} ${(33 - (31 * used) / whole).toFixed(1)}`);
  if (points.length === 1) points.unshift(`${left - 1} ${points[0].split(" ")[1]}`);
  const start = points[0].split(" ")[0];
  set(card.querySelector(".edge"), { d: `M${points.join("L")}` });
  set(card.querySelector(".area"), { d: `M${points.join("L")}V34H${start}Z` });
}

function holds(card, pool) {
  const [note, list] = card.querySelector(".holds").children;
  const more = pool.places.length - MOST_PLACES;
  const rest = more > 0 ? `, and ${plural(more, "other place")}` : "";
  text(note, pool.places.length ? `In use by${rest}` : "No connection is in use.");
  sync(list, pool.places.slice(0, MOST_PLACES), (place) => place.key, makePlace, updatePlace);
}

function makePlace(place) {
  return el("li", { class: "hold" },
    el("span", { class: "task" }, place.task), el("span", { class: "time" }),
    el("span", { class: "where mono" }, place.line), el("span", { class: "number" }));
}

function updatePlace(row, place) {
  text(row.querySelector(".time"), duration(place.seconds));
  text(row.querySelector(".number"), plural(place.connections, "connection"));
}
