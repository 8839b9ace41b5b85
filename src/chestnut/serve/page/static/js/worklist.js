/** The images of this session, and what each network says of them. All of it lives in memory alone. */

let made = 0;

/** An image that a user added. */
export class Item {
  /**
   * @param {File} file
   * @param {string} path  its path within what was added, as in the table of labels.
   * @param {number} added  when it came, in milliseconds.
   */
  constructor(file, path, added = Date.now()) {
    this.key = `image-${++made}`;
    this.file = file;
    this.path = path;
    this.name = file.name;
    this.added = added;
    this.outcomes = new Map();
  }

  /** Tell whether an answer is about this image. */
  holds(prediction) {
    return [...this.outcomes.values()].some((outcome) => outcome.result?.id === prediction);
  }
}

/** What came of an image under one network. `state`: waiting, sending, paused, scored or failed. */
class Outcome {
  state = "waiting";
  result = null;
  timing = null;
  error = "";
  verdict = null;
}

export class Worklist extends EventTarget {
  items = [];
  models = [];
  model = null;
  selected = null;

  /** Return what the chosen network says of an image. */
  outcome(item, model = this.model) {
    const name = model?.name ?? "";
    if (!item.outcomes.has(name)) item.outcomes.set(name, new Outcome());
    return item.outcomes.get(name);
  }

  add(items) {
    this.items.push(...items);
    this.changed();
  }

  /** Add an image whose answer is in the audit table, and choose the network that gave it. */
  addScored(item, model, row) {
    if (this.model !== model) this.choose(model);
    this.items.push(item);
    this.update(item, model, { state: "scored", result: row, verdict: row.verdict });
  }

  remove(item) {
    this.items = this.items.filter((one) => one !== item);
    if (this.selected === item) this.select(null);
    this.changed();
  }

  /** Change what is known of an image under a network. */
  update(item, model, facts) {
    Object.assign(this.outcome(item, model), facts);
    this.changed(item);
  }

  choose(model) {
    if (this.model === model) return;
    this.model = model;
    this.dispatchEvent(new Event("model"));
    this.changed();
  }

  select(item) {
    if (this.selected === item) return;
    this.selected = item;
    this.dispatchEvent(new Event("select"));
    this.changed();
  }

  changed(item = null) {
    this.dispatchEvent(new CustomEvent("change", { detail: item }));
  }
}

/** Return the class whose probability the worklist shows: the positive one, or the one decided. */
export function shownClass(result, model) {
  return model?.positive ?? result.decision;
}

/** Return the probability that the worklist shows and sorts by. */
export const shownProbability = (result, model) => result.probabilities[shownClass(result, model)];

/** Tell whether the decision is the positive class. */
export const isPositive = (result, model) => Boolean(model?.positive) && result.decision === model.positive;

/** Tell whether the guard warns of an image. */
export const isUnusual = (result) => result?.guard?.in_distribution === false;
