/** Which images the worklist shows, and in which order. */

import { byId, fillChoice, show } from "./dom.js";
import { keepSetting, readSetting } from "./settings.js";
import { isUnusual } from "./worklist.js";

const CHOICES = ["decision", "guard", "verdict"];

const HINTS = {
  priority: "The highest score first. An image rises while it waits, so that one which the network overlooks is not left to the end.",
  arrival: "The first to arrive first.",
  name: "By folder and name.",
};

export class Filters extends EventTarget {
  constructor() {
    super();
    for (const id of [...CHOICES.map((name) => `filter-${name}`), "filter-text", "order", "limit"]) {
      byId(id).addEventListener("input", () => this.#changed());
    }
    byId("limit").value = readSetting("limit", "60");
    byId("filter-open").addEventListener("click", () => this.toggle());
    byId("filter-clear").addEventListener("click", () => this.clear());
    this.#tell();
  }

  /** How the worklist is ordered, for `arrange`. */
  get order() {
    return { by: byId("order").value, limit: Number(byId("limit").value) * 60_000, now: Date.now() };
  }

  toggle() {
    const open = byId("filters").hidden;
    show(byId("filters"), open);
    byId("filter-open").setAttribute("aria-expanded", String(open));
  }

  clear() {
    for (const name of [...CHOICES, "text"]) byId(`filter-${name}`).value = "";
    this.#changed();
  }

  /** Offer the classes of a network. */
  offer(classes) {
    fillChoice(byId("filter-decision"), classes, 1);
  }

  /** Tell whether an item is shown. What has no score yet, or failed, is shown unless a filter asks for more. */
  passes(item, outcome) {
    const { decision, guard, verdict, text } = this.#values();
    const { result } = outcome;
    if (text && !`${item.path} ${outcome.verdict?.note ?? ""}`.toLowerCase().includes(text)) return false;
    if (decision && result?.decision !== decision) return false;
    if (guard && (!result || isUnusual(result) !== (guard === "unusual"))) return false;
    return !verdict || (result !== null && (outcome.verdict?.verdict ?? "none") === verdict);
  }

  #values() {
    const chosen = Object.fromEntries(CHOICES.map((name) => [name, byId(`filter-${name}`).value]));
    return { ...chosen, text: byId("filter-text").value.trim().toLowerCase() };
  }

  #changed() {
    keepSetting("limit", byId("limit").value);
    this.#tell();
    this.dispatchEvent(new Event("change"));
  }

  #tell() {
    const { by } = this.order;
    const set = CHOICES.filter((name) => byId(`filter-${name}`).value).length;
    byId("order-hint").textContent = HINTS[by];
    byId("filter-number").textContent = String(set);
    show(byId("filter-number"), set > 0);
    show(byId("limit-label"), by === "priority");
    byId("filter-open").setAttribute("aria-label", set ? `Filters and order, ${set} set` : "Filters and order");
  }
}
