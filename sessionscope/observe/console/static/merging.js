// Adds up what several processes say.

import { sum } from "./format.js";

/** Returns the pools of the processes, one for each name, with the places that took connections. */
export function pools(processes) {
  const groups = grouped(processes.flatMap(({ pid, pools: all }) => all.map((pool) => ({ ...pool, pid }))), (pool) => pool.name);
  return [...groups.values()].map((same) => ({
    name: same[0].name,
    database: same[0].database,
    driver: same[0].driver,
    pools: same.length,
    size: same[0].size,
    overflow: same[0].max_overflow,
    limit: same.some((pool) => limit(pool) === null) ? null : sum(same, limit),
    used: sum(same, (pool) => pool.in_use),
    idle: sum(same, (pool) => pool.idle),
    waiters: sum(same, (pool) => pool.waiters),
    // In a sum of several processes, one may have no free connection while others do.
    exhausted: same.filter((pool) => pool.waiters > 0).map((pool) => pool.pid),
    places: places(same.flatMap((pool) => pool.holds)),
  }));
}

function limit(pool) {
  return pool.size === null || pool.max_overflow === null ? null : pool.size + pool.max_overflow;
}

function places(holds) {
  const groups = grouped(holds, (hold) => `${hold.task}\n${hold.line}`);
  const found = [...groups].map(([key, same]) => ({
    key,
    task: same[0].task,
    line: same[0].line,
    connections: same.length,
    seconds: Math.max(...same.map((hold) => hold.seconds)),
  }));
  return found.sort((one, other) => other.seconds - one.seconds);
}

/** Returns the slow statements, one for each text at each line, with the last one's id and how many there were. */
export function slow(processes) {
  const found = processes.flatMap((process) => process.slow);
  const groups = grouped(found, (each) => `${each.task}\n${each.line}\n${each.sql}`);
  const merged = [...groups].map(([key, same]) => {
    const newestFirst = same.sort((one, other) => other.at.localeCompare(one.at));
    return { ...newestFirst[0], key, times: same.length, longest: Math.max(...same.map((each) => each.seconds)) };
  });
  return merged.sort((one, other) => other.longest - one.longest);
}

export function repeated(processes) {
  const groups = grouped(processes.flatMap((process) => process.repeated), (each) => `${each.task}\n${each.line}\n${each.sql}`);
  const found = [...groups].map(([key, same]) => ({
    ...same[0],
    key,
    most: Math.max(...same.map((each) => each.most)),
    tasks: sum(same, (each) => each.tasks),
    at: same.map((each) => each.at).sort().at(-1),
  }));
  return found.sort((one, other) => other.at.localeCompare(one.at)).slice(0, 50);
}

export function units(processes) {
  const groups = grouped(processes.flatMap((process) => process.units), (each) => each.name);
  return [...groups].map(([name, same]) => ({
    name,
    committed: sum(same, (each) => each.committed),
    retried: causes(same.map((each) => each.retried)),
    givenUp: causes(same.map((each) => each.given_up)),
  }));
}

function causes(counted) {
  const total = {};
  for (const each of counted) for (const [cause, times] of Object.entries(each)) total[cause] = (total[cause] ?? 0) + times;
  return total;
}

export const total = (counts) => sum(Object.values(counts), (value) => value);

function grouped(items, key) {
  const groups = new Map();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}
