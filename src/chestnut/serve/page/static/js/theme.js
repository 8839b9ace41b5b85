/** Light and dark: the system's choice until the user makes one. */

import { byId } from "./dom.js";
import { keepSetting, readSetting } from "./settings.js";

export function openTheme() {
  const root = document.documentElement;
  const label = () => byId("theme").setAttribute("aria-label", root.dataset.theme === "dark" ? "Change to light" : "Change to dark");
  byId("theme").addEventListener("click", () => {
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    keepSetting("theme", root.dataset.theme);
    label();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => {
    if (readSetting("theme", null) === null) root.dataset.theme = event.matches ? "dark" : "light";
    label();
  });
  label();
}
