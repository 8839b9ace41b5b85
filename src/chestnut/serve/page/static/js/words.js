/** Numbers in words. */

/** Return a probability as it is shown: two digits, and never 0 or 1, as no network is certain. */
export function shownNumber(value) {
  if (value < 0.005) return "< 0.01";
  if (value >= 0.995) return "> 0.99";
  return value.toFixed(2);
}

/** Return a threshold with as many digits as it needs. */
export const shownThreshold = (value) => (Math.abs(value * 100 - Math.round(value * 100)) < 1e-6 ? value.toFixed(2) : value.toPrecision(3));

const logit = (value) => {
  const inside = Math.min(Math.max(value, 1e-9), 1 - 1e-9);
  return Math.log(inside / (1 - inside));
};

/** Return how far a probability is from the threshold: "close", "clear" or "far". */
export function distance(probability, threshold) {
  const apart = Math.abs(logit(probability) - logit(threshold));
  if (apart < 0.5) return "close";
  return apart < 2.5 ? "clear" : "far";
}

/** Explain a decision between two classes. */
export function explainDecision(result, model) {
  const probability = result.probabilities[model.positive];
  const above = result.decision === model.positive;
  const how = {
    close: `just ${above ? "above" : "below"}`,
    clear: above ? "above" : "below",
    far: `far ${above ? "above" : "below"}`,
  }[distance(probability, result.threshold)];
  const close = distance(probability, result.threshold) === "close";
  const first = `The score for ${model.positive} is ${how} the threshold of ${shownThreshold(result.threshold)}.`;
  return close ? `${first} A small change of the picture could turn the decision.` : first;
}

/** Explain a decision among several classes. */
export function explainChoice(result) {
  const [first, second] = Object.entries(result.probabilities).sort((a, b) => b[1] - a[1]);
  const close = logit(first[1]) - logit(second[1]) < 1;
  const runner = `, before ${second[0]}`;
  return close
    ? `${first[0]} has the highest score${runner}, but they are close: a small change of the picture could turn the decision.`
    : `${first[0]} has the highest score${runner}.`;
}

/** Explain what a score is worth as a probability. */
export function explainScore(result, model) {
  if (!model.calibrated) {
    return "The score ranks images. It is not the chance that this patient is ill: that depends also on how common the disease is where you work.";
  }
  const shown = model.positive ?? result.decision;
  const share = Math.min(99, Math.max(1, Math.round(result.probabilities[shown] * 100)));
  return `About ${share} of 100 validation images with this score showed ${shown}. Where the disease is rarer or more common, it is another number.`;
}

const MINUTE = 60_000;

/** Return a time span: "12 min", "2 h 05". */
export function span(milliseconds) {
  const minutes = Math.floor(milliseconds / MINUTE);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`;
}

/** Return a count with its noun: "1 image", "12 images". */
export const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

/** The methods of heat maps. */
export const METHODS = {
  activation: "Class activation: how much each place adds to the score for {class}, as the network sums it up.",
  occlusion: "Occlusion: how much the score for {class} falls when each place is covered.",
};

/** Explain a heat map. */
export function explainMap(method, of, { evidence, faint }) {
  if (!evidence) return `No place of this image speaks for ${of}, so the map is empty.`;
  const known = METHODS[method] ?? "Each place’s part in the score for {class}.";
  const weak = faint ? " No place changes it much here." : "";
  return `${known.replace("{class}", of)}${weak} It shows where the network looked, not whether it is right.`;
}

export const VERDICTS = { agree: "Agree", disagree: "Disagree", unsure: "Unsure" };
