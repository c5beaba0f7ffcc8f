// Asks the service. Addresses are relative to the page, which may be behind a prefix.

const PATIENCE_MILLISECONDS = 10_000;

export const get = (name) => ask(name, {});

export function post(name, body = {}) {
  return ask(name, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
}

async function ask(name, options) {
  const response = await fetch(`console/${name}`, { ...options, signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) });
  if (!response.ok) throw new Error(`${response.status}`);
  return response.json();
}
