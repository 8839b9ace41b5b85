/** What happens is told to screen readers, and short notices are shown to all. */

import { byId } from "./dom.js";

let timer = 0;

/** Have a screen reader say a sentence when it has finished what it says now. */
export function say(text) {
  const place = byId("said");
  place.textContent = "";
  setTimeout(() => (place.textContent = text), 60);
}

/** Show a notice for some seconds, and say it. */
export function tell(text) {
  const place = byId("toast");
  place.textContent = text;
  place.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => (place.hidden = true), 5000);
  say(text);
}
