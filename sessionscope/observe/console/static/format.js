// Numbers, durations and times as texts.

const numbers = new Intl.NumberFormat("en");
const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

export const number = (value) => numbers.format(value);
export const plural = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;
export const time = (iso) => clock.format(new Date(iso));
export const sum = (items, value) => items.reduce((total, item) => total + value(item), 0);

export function duration(seconds) {
  if (seconds < 0.0995) return `${(seconds * 1000).toFixed(1)} ms`;
  if (seconds < 0.9995) return `${(seconds * 1000).toFixed(0)} ms`;
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 5940) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** Returns how long ago something was, by the clock of the service. */
export function ago(iso, now) {
  const seconds = Math.max(0, (Date.parse(now) - Date.parse(iso)) / 1000);
  if (seconds < 5) return "just now";
  if (seconds < 90) return `${Math.round(seconds / 5) * 5} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  return `${Math.round(seconds / 3600)} h ago`;
}

export const oneLine = (sql) => sql.replace(/\s+/g, " ").trim();
