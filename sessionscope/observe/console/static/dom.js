// Makes elements, and brings lists up to date in place, so that focus and scroll positions stay.

const SVG = "http://www.w3.org/2000/svg";

/** Returns an element. Attributes that are null, undefined or false are left out; children are nodes or texts. */
export function el(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  set(element, attributes);
  element.append(...children);
  return element;
}

/** Sets attributes, and touches only those that differ. */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) element.removeAttribute(name);
    else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value === true ? "" : value);
  }
}

export function text(element, value) {
  const next = String(value);
  if (element.textContent !== next) element.textContent = next;
}

/**
 * Gives *list* one child per item. A child is made once for its key, and updated from then on; `update` is also
 * called after `make`. If the child with the focus goes away, the heading of its section takes the focus.
 */
export function sync(list, items, key, make, update = () => {}) {
  const known = new Map([...list.children].map((child) => [child.dataset.key, child]));
  const wanted = new Set(items.map((item) => String(key(item))));
  for (const [name, child] of known) if (!wanted.has(name)) remove(child);
  items.forEach((item, index) => {
    const name = String(key(item));
    const child = known.get(name) ?? make(item);
    child.dataset.key = name;
    update(child, item);
    if (list.children[index] !== child) list.insertBefore(child, list.children[index] ?? null);
  });
}

function remove(child) {
  const heading = child.contains(document.activeElement) && child.closest("section")?.querySelector("h2");
  child.remove();
  if (heading) heading.focus({ preventScroll: true });
}

export const byId = (id) => document.getElementById(id);

/** Tells screen readers something important, once. */
export function announce(message) {
  text(byId("announcements"), message);
}

export function count(section, value, tone) {
  const badge = document.querySelector(`[data-count="${section}"]`);
  text(badge, value);
  set(badge, { "data-tone": tone });
}
