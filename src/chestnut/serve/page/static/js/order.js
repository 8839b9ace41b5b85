/**
 * The order of the worklist.
 *
 * Sorting by probability alone lengthens the longest wait: an image that the network takes for harmless would wait
 * until no other is left. Each image therefore rises while it waits, by its share of the longest wait that is allowed:
 * at the limit it stands above all images that have just arrived.
 */

import { shownProbability } from "./worklist.js";

const NAMES = new Intl.Collator(undefined, { numeric: true });

/** Return the place value of an image: its probability, and 1 more when it has waited for the limit. */
export function priority(probability, waited, limit) {
  return probability + Math.max(0, waited) / limit;
}

/**
 * Return items in order: those without a verdict first.
 *
 * @param {Object} how  `by` (priority, arrival, name), `limit` and `now` in milliseconds.
 */
export function arrange(items, worklist, { by, limit, now }) {
  const value = (item) => {
    const { result } = worklist.outcome(item);
    return result ? priority(shownProbability(result, worklist.model), now - item.added, limit) : -1;
  };
  const ranked = items.map((item) => ({ item, value: value(item), judged: worklist.outcome(item).verdict ? 1 : 0 }));
  const orders = {
    priority: (a, b) => a.judged - b.judged || b.value - a.value || a.item.added - b.item.added,
    arrival: (a, b) => a.item.added - b.item.added,
    name: (a, b) => NAMES.compare(a.item.path, b.item.path),
  };
  return ranked.sort(orders[by]).map(({ item }) => item);
}

/** Return the items that stand visibly higher than their probability alone would put them. */
export function promoted(ordered, worklist) {
  const open = ordered.filter((item) => worklist.outcome(item).result && !worklist.outcome(item).verdict);
  const chance = (item) => shownProbability(worklist.outcome(item).result, worklist.model);
  const raised = new Set();
  let highest = -1;
  for (const item of open.reverse()) {
    if (chance(item) < highest - 0.01) raised.add(item);
    highest = Math.max(highest, chance(item));
  }
  return raised;
}
