/** The keys of the page, and the dialog that lists them. */

import { byId, el } from "./dom.js";
import { keepSetting, readSetting } from "./settings.js";

/** Let keys do what the page can do. `actions` maps a name to a function. */
export function openKeys(groups, canvas) {
  const single = byId("single-keys");
  single.checked = readSetting("keys", "on") === "on";
  single.addEventListener("change", () => keepSetting("keys", single.checked ? "on" : "off"));
  const actions = new Map();
  for (const { keys } of groups) for (const one of keys) for (const key of one.on) actions.set(key, one);
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const wanted = actions.get(event.key.length === 1 ? event.key.toLowerCase() : event.key);
    if (!wanted || isTyping(event) || (wanted.onStage && event.target !== canvas)) return;
    if (!single.checked && event.key.length === 1 && event.target !== canvas) return;
    if (wanted.on[0] === "Escape" && event.defaultPrevented) return;
    event.preventDefault();
    wanted.act(event);
  });
  listKeys(groups);
}

/** Tell whether a key belongs to the field that has the focus. */
function isTyping(event) {
  const { target } = event;
  if (event.key === "Escape") return false;
  if (target.matches("textarea, input[type=text], input[type=search], input[type=password], select")) return true;
  return target.matches("input[type=range], input[type=radio]") && event.key.startsWith("Arrow");
}

function listKeys(groups) {
  byId("keys").replaceChildren(
    ...groups.map(({ name, keys }) => {
      const rows = keys.flatMap(({ shown, does }) => [el("dt", {}, ...shown.flatMap((key) => [el("kbd", {}, key), " "])), el("dd", {}, does)]);
      return el("section", {}, el("h3", {}, name), el("dl", {}, ...rows));
    }),
  );
}
