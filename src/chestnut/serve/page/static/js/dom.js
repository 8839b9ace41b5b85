/** Short ways to find and build elements. Text is always set as text, never read as HTML. */

/** Return the element with an id. */
export const byId = (id) => document.getElementById(id);

/**
 * Build an element.
 *
 * @param {string} tag
 * @param {Object} facts  `class`, `data`, listeners (`onclick`), properties, and attributes (with a hyphen, or `role`).
 * @param {...(Node|string|null)} children
 */
export function el(tag, facts = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(facts)) {
    if (value === null || value === undefined) continue;
    if (name === "class") made.className = value;
    else if (name === "data") Object.assign(made.dataset, value);
    else if (name.includes("-") || name === "role" || name === "scope") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Return a drawing of the sprite in the page. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** Return text that only a screen reader gives. */
export const unseen = (text) => el("span", { class: "unseen" }, text);

/** Show an element, or hide it. */
export function show(element, shown) {
  element.hidden = !shown;
}

/** Mark an element as the current one of its kind ("page", "true"), or as another one (null). */
export function mark(element, current) {
  if (current === null) element.removeAttribute("aria-current");
  else element.setAttribute("aria-current", current);
}

/** Replace the options of a choice after the first `kept`, and keep its value where it still exists. */
export function fillChoice(select, names, kept = 0) {
  const before = select.value;
  select.replaceChildren(...[...select.options].slice(0, kept), ...names.map((name) => el("option", { value: name }, name)));
  if ([...select.options].some((option) => option.value === before)) select.value = before;
}
