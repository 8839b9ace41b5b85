/** The answer for one image: the guard's warning, the decision, the number and what it means. */

import { byId, el, icon, show } from "./dom.js";
import { meter } from "./cards.js";
import { isPositive, isUnusual } from "./worklist.js";
import { explainChoice, explainDecision, explainScore, shownNumber, shownThreshold } from "./words.js";

const PENDING = {
  waiting: "This image waits for its turn.",
  sending: "The network is looking at this image.",
  paused: "The service is busy. The image is sent again in a moment.",
};

/** Show what came of an image. `actions` has `again` and `remove` for one that failed. */
export function showAnswer(item, outcome, model, actions) {
  const { result, state } = outcome;
  show(byId("failure"), state === "failed");
  show(byId("pending"), state in PENDING);
  show(byId("answer-body"), result !== null && state === "scored");
  byId("pending").textContent = PENDING[state] ?? "";
  if (state === "failed") showFailure(outcome, actions);
  if (state !== "scored") return;
  showGuard(result);
  const decision = byId("decision");
  decision.textContent = result.decision;
  decision.classList.toggle("positive", isPositive(result, model));
  byId("gauge").replaceChildren(...(model.positive ? gauge(result, model) : gauges(result)));
  byId("words").textContent = model.positive ? explainDecision(result, model) : explainChoice(result);
  byId("caveat").textContent = explainScore(result, model);
  byId("facts").replaceChildren(...facts(item, outcome, model));
}

function showFailure(outcome, { again, remove }) {
  const buttons = el(
    "p",
    { class: "choices" },
    el("button", { type: "button", class: "outlined small", onclick: again }, "Try again"),
    el("button", { type: "button", class: "quiet small", onclick: remove }, "Remove"),
  );
  byId("failure").replaceChildren(icon("alert"), el("strong", {}, "Not scored"), el("p", {}, outcome.error), buttons);
}

function showGuard(result) {
  const place = byId("guard");
  const warnings = [];
  if (isUnusual(result)) {
    const why = result.guard.reason ? ` ${sentence(result.guard.reason)}` : "";
    warnings.push(["Unusual image", `The network was not trained on images like this one, and its answer may mean nothing.${why}`]);
  }
  if (result.lungs === false) warnings.push(["Lungs not found", "The network expects the lungs alone, and got the whole image."]);
  show(place, warnings.length > 0);
  place.replaceChildren(...warnings.flatMap(([title, text]) => [icon("alert"), el("strong", {}, title), el("p", {}, text)]));
}

function sentence(text) {
  const trimmed = text.trim();
  return `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}${/[.!?]$/.test(trimmed) ? "" : "."}`;
}

/** The bar of the positive class, with its threshold. */
function gauge(result, model) {
  const probability = result.probabilities[model.positive];
  const ends = el("div", { class: "gauge-ends" }, el("span", {}, "0"), el("span", { class: "end" }, "1"));
  const at = el("span", { class: "at" }, `threshold ${shownThreshold(result.threshold)}`);
  at.style.setProperty("--t", String(result.threshold));
  ends.append(at);
  return [row(model.positive, probability, meter(result, model), ends)];
}

/** A bar for each class. */
function gauges(result) {
  const sorted = Object.entries(result.probabilities).sort((a, b) => b[1] - a[1]);
  return sorted.map(([name, probability]) => {
    const bar = el("span", { class: "meter", "aria-hidden": "true" }, el("span", { class: "fill" }));
    bar.classList.toggle("positive", name === result.decision);
    bar.style.setProperty("--p", String(probability));
    return row(name, probability, bar);
  });
}

function row(name, probability, ...below) {
  const label = el("div", { class: "gauge-name" }, el("span", {}, `Score for ${name}`), el("b", {}, shownNumber(probability)));
  return el("div", { class: "gauge-row" }, label, ...below);
}

function facts(item, { result, timing }, model) {
  const rows = [
    ["File", item.path],
    ["Added", new Date(item.added).toLocaleTimeString()],
    ["Network", model.name],
    ["Bundle", result.bundle],
    ["Pixels", result.pixels],
    ["Guard", guardText(result)],
    ["Lungs", result.lungs === null ? null : result.lungs ? "found" : "not found"],
    ["Kept", result.kept ? "yes, by the service" : "no"],
    ["Time", timing ? `${Math.round(timing.total)} ms` : null],
    ["Audit row", result.id],
  ];
  return rows.filter(([, value]) => value !== null).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]);
}

function guardText({ guard }) {
  if (!guard) return "this network has none";
  return `${guard.in_distribution ? "does not warn" : "warns"}: ${Math.round(guard.score * 1000) / 10} % of usual images are as strange`;
}

