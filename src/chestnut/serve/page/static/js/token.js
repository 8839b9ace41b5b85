/** The dialog that asks for a token. */

import { byId } from "./dom.js";

const FIRST = "Whoever started the service has it. This page does not keep it: the service remembers this browser by a cookie.";
const WRONG = "The service does not know that token. Look for a missing letter, or ask whoever started it.";

/** Ask the user for a token. Returns null if they have none. */
export function askToken(wrong) {
  const dialog = byId("token");
  const field = byId("token-value");
  byId("token-hint").textContent = wrong ? WRONG : FIRST;
  field.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  field.focus();
  return new Promise((done) => {
    const answer = () => {
      const token = field.value.trim();
      field.value = "";
      done(dialog.returnValue === "given" && token ? token : null);
    };
    dialog.addEventListener("close", answer, { once: true });
  });
}
