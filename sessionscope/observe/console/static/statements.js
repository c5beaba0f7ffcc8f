// Slow statements with their plans, and statements that are sent again and again.

import { announce, byId, count, el, set, sync, text } from "./dom.js";
import { ago, duration, number, oneLine, plural } from "./format.js";
import { post } from "./server.js";

let numbered = 0;

export function showSlow(statements, now) {
  count("slow", statements.length ? number(statements.length) : "", statements.length ? "warn" : null);
  byId("slow-empty").hidden = statements.length > 0;
  sync(byId("slow-rows"), statements, (each) => each.key, makeSlow, (row, each) => {
    text(row.querySelector(".longest"), duration(each.longest));
    text(row.querySelector(".times"), each.times > 1 ? `longest of ${number(each.times)}` : "once");
    set(row.querySelector("time"), { datetime: each.at });
    text(row.querySelector("time"), ago(each.at, now));
    row.dataset.statement = each.id;
  });
}

function makeSlow(each) {
  numbered += 1;
  const plan = el("pre", {
    class: "plan", id: `plan-${numbered}`, hidden: true, tabindex: "0", role: "region", "aria-label": `Plan of the statement of ${each.task}`,
  });
  const button = el("button", { type: "button", "aria-expanded": "false", "aria-controls": plan.id }, "Explain");
  set(button, { "aria-label": `Explain the statement of ${each.task}` });
  const row = el("li", { class: "row" },
    el("p", { class: "amount" }, el("span", { class: "longest" }), el("small", { class: "times" })),
    what(each, el("time", {})), button, plan);
  button.addEventListener("click", () => toggle(button, row.dataset.statement, plan));
  return row;
}

function what(each, when) {
  return el("div", { class: "what" },
    el("p", { class: "task" }, each.task),
    el("code", { class: "sql" }, oneLine(each.sql)),
    el("p", { class: "meta" }, ...(each.line ? [el("span", { class: "mono" }, each.line)] : []), when));
}

async function toggle(button, statement, plan) {
  if (!plan.hidden) return show(button, plan, false);
  set(button, { "aria-busy": "true" });
  const found = await post("plans", { statement }).catch(() => ({ lines: [], reason: "the service does not answer" }));
  set(button, { "aria-busy": null });
  plan.classList.toggle("reason", found.lines.length === 0);
  text(plan, found.lines.length ? found.lines.join("\n") : `No plan: ${found.reason}.`);
  show(button, plan, true);
  announce(found.lines.length ? `The plan has ${plural(found.lines.length, "line")}.` : plan.textContent);
  return undefined;
}

function show(button, plan, isShown) {
  plan.hidden = !isShown;
  set(button, { "aria-expanded": String(isShown) });
  text(button, isShown ? "Hide plan" : "Explain");
  const label = button.getAttribute("aria-label").replace(/^(Explain|Hide plan of)/, isShown ? "Hide plan of" : "Explain");
  set(button, { "aria-label": label });
}

export function showRepeated(statements, now) {
  count("repeated", statements.length ? number(statements.length) : "", statements.length ? "warn" : null);
  byId("repeated-empty").hidden = statements.length > 0;
  sync(byId("repeated-rows"), statements, (each) => each.key, makeRepeated, (row, each) => {
    text(row.querySelector(".times"), `${number(each.most)} ×`);
    text(row.querySelector(".tasks"), plural(each.tasks, "request"));
    text(row.querySelector("time"), ago(each.at, now));
  });
}

function makeRepeated(each) {
  return el("li", { class: "row" },
    el("p", { class: "amount" }, el("span", { class: "times" }), el("small", { class: "tasks" })),
    what(each, el("time", {})));
}
