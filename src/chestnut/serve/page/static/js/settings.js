/** The few settings that this browser keeps: light or dark, the reviewer, the longest wait, the keys. Nothing of an image. */

const KEPT = ["theme", "reviewer", "limit", "keys"];

/** Return a setting, or `otherwise` if there is none. */
export function readSetting(name, otherwise) {
  try {
    return localStorage.getItem(name) ?? otherwise;
  } catch {
    return otherwise; // storage is off
  }
}

/** Keep a setting for the next time. */
export function keepSetting(name, value) {
  if (!KEPT.includes(name)) throw new RangeError(`${name}: only ${KEPT.join(", ")} are kept`);
  try {
    localStorage.setItem(name, value);
  } catch {
    // Storage is off: the setting holds until the page is closed.
  }
}
