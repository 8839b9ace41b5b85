/** The cards of the worklist. */

import { byId, el, icon, mark, show, unseen } from "./dom.js";
import { isPositive, isUnusual, shownClass, shownProbability } from "./worklist.js";
import { VERDICTS, shownNumber, shownThreshold, span } from "./words.js";

const STATES = { waiting: "Waiting", sending: "Being scored", paused: "The service is busy; sent again soon" };

export class Cards {
  #worklist;
  #thumbnails;
  #cards = new Map();
  #list = byId("cards");

  constructor(worklist, thumbnails) {
    this.#worklist = worklist;
    this.#thumbnails = thumbnails;
    this.#list.addEventListener("keydown", (event) => this.#step(event));
  }

  /** Show items in an order; `raised` are those that stand higher because they wait. */
  show(ordered, raised) {
    const wanted = new Set(ordered);
    for (const [item, card] of this.#cards) {
      if (wanted.has(item)) continue;
      card.remove();
      if (!this.#worklist.items.includes(item)) this.#cards.delete(item);
    }
    let place = this.#list.firstChild;
    for (const item of ordered) {
      const card = this.#cards.get(item) ?? this.#make(item);
      this.#fill(card, item, raised.has(item));
      if (card === place) place = place.nextSibling;
      else this.#list.insertBefore(card, place);
    }
  }

  focus(item) {
    const card = this.#cards.get(item);
    card?.scrollIntoView({ block: "nearest" });
    card?.querySelector("button").focus();
  }

  reveal(item) {
    this.#cards.get(item)?.scrollIntoView({ block: "nearest" });
  }

  #make(item) {
    const card = el("li", { class: "card" });
    const canvas = el("canvas", { width: 1, height: 1 });
    const open = el(
      "button",
      { class: "card-open", type: "button", onclick: () => this.#worklist.select(item) },
      el("span", { class: "thumb", "aria-hidden": "true" }, canvas),
      el("span", { class: "card-text" }),
    );
    card.append(open);
    card.thumbnail = canvas;
    this.#cards.set(item, card);
    return card;
  }

  #fill(card, item, raised) {
    const outcome = this.#worklist.outcome(item);
    const { model, selected } = this.#worklist;
    const waited = outcome.result && !outcome.verdict ? span(Date.now() - item.added) : "";
    const look = JSON.stringify([outcome.state, outcome.error, outcome.result?.id, outcome.verdict, raised && waited, item.thumb]);
    mark(card.querySelector("button"), item === selected ? "true" : null);
    if (card.look === look) return;
    card.look = look;
    card.dataset.state = outcome.state;
    this.#drawThumbnail(card, item, outcome);
    card.querySelector(".card-text").replaceChildren(...describe(item, outcome, model, raised && waited));
  }

  /** Draw the picture as soon as it can be had: a file that only the service opens, once it has a score. */
  async #drawThumbnail(card, item, outcome) {
    const thumb = card.querySelector(".thumb");
    thumb.querySelector(".icon")?.remove();
    if (outcome.state === "failed") thumb.append(icon("alert"));
    if (item.thumb || outcome.state === "failed") return;
    if (outcome.state !== "scored" && !(await this.#thumbnails.isLocal(item))) return;
    if (item.thumb) return;
    item.thumb = "asked";
    this.#thumbnails.draw(item, card.thumbnail, () => (item.thumb = "drawn"));
  }

  /** Arrow keys go from card to card. */
  #step(event) {
    const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const card = event.target.closest(".card");
    if (!move || !card) return;
    event.preventDefault();
    const other = move > 0 ? card.nextElementSibling : card.previousElementSibling;
    other?.querySelector("button").focus();
  }
}

function describe(item, outcome, model, waited) {
  const { result } = outcome;
  if (outcome.state === "failed") return [nameOf(item), el("span", { class: "card-error" }, unseen("Not scored: "), outcome.error)];
  if (!result) return [nameOf(item), el("span", { class: "meter", "aria-hidden": "true" }), el("span", { class: "card-foot" }, STATES[outcome.state])];
  const about = unseen(`Score for ${shownClass(result, model)}: `);
  const number = el("span", { class: "card-number" }, about, shownNumber(shownProbability(result, model)));
  return [nameOf(item), el("span", { class: "card-score" }, meter(result, model), number), foot(outcome, model, waited)];
}

/** Return a name that is shortened in its middle, as its end often tells images apart. */
function nameOf(item) {
  const end = Math.max(0, item.name.length - 10);
  const [head, tail] = [item.name.slice(0, end), item.name.slice(end)].map((part) => el("span", { "aria-hidden": "true" }, part));
  return el("span", { class: "card-name", title: item.path }, head, tail, unseen(item.name));
}

/** Return a bar for the probability, with a tick at the threshold. */
export function meter(result, model) {
  const bar = el("span", { class: "meter", "aria-hidden": "true" }, el("span", { class: "fill" }));
  bar.classList.toggle("positive", !model?.positive || isPositive(result, model));
  bar.style.setProperty("--p", String(shownProbability(result, model)));
  if (result.threshold !== null) {
    const tick = el("span", { class: "tick", title: `Threshold ${shownThreshold(result.threshold)}` });
    tick.style.setProperty("--t", String(result.threshold));
    bar.append(tick);
  }
  return bar;
}

/** Return the decision in a frame; filled where it is the positive class. */
export function decisionMark(result, model) {
  const mark = el("span", { class: "decision", title: result.decision }, result.decision);
  mark.classList.toggle("positive", isPositive(result, model));
  return mark;
}

function foot(outcome, model, waited) {
  const { result, verdict } = outcome;
  const place = el("span", { class: "card-foot" }, decisionMark(result, model));
  if (isUnusual(result)) place.append(el("span", { class: "mark warns", title: result.guard.reason }, icon("alert"), "Unusual"));
  if (waited) place.append(el("span", { class: "mark", title: "Moved up, as it has waited" }, icon("clock"), waited));
  if (verdict) {
    const text = VERDICTS[verdict.verdict];
    place.append(el("span", { class: "mark verdict", title: `Your verdict: ${text}` }, icon(verdict.verdict), unseen(text)));
  }
  return place;
}

export function showNothing(shown) {
  show(byId("nothing"), shown);
}
