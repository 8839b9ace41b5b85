/** The table of labels: what `chestnut train` takes. It is made here, as the service does not know the files' names. */

import { VERDICTS } from "./words.js";

const COLUMNS = ["path", "label", "verdict", "decision", "probability", "threshold", "network", "note", "reviewer", "prediction"];

const cell = (value) => (/[",\n\r]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

/** Return a reviewer's text so that no spreadsheet takes it for a formula. */
const plain = (text = "") => (/^[=+\-@\t\r]/.test(text ?? "") ? `'${text}` : text);

/** Return the label that a verdict gives: the reviewer's class, or the decision if they agree; null if unsure. */
export function labelOf(verdict, result) {
  if (!verdict || verdict.verdict === "unsure") return null;
  return verdict.verdict === "agree" ? result.decision : verdict.label;
}

/** Return the table, and how many images with a verdict have no label. */
export function labelsTable(worklist) {
  const rows = [];
  let unsure = 0;
  for (const item of worklist.items) {
    const { result, verdict } = worklist.outcome(item);
    if (!verdict) continue;
    const label = labelOf(verdict, result);
    if (!label) {
      unsure += 1;
      continue;
    }
    const positive = worklist.model.positive ?? result.decision;
    rows.push([
      item.path, label, VERDICTS[verdict.verdict].toLowerCase(), result.decision, String(result.probabilities[positive]),
      result.threshold === null ? "" : String(result.threshold), worklist.model.name, plain(verdict.note), plain(verdict.reviewer), result.id,
    ]);
  }
  const text = [COLUMNS, ...rows].map((row) => row.map((value) => cell(value ?? "")).join(",")).join("\r\n");
  return { text: `${text}\r\n`, labels: rows.length, unsure };
}

/** Give the user a file to keep. */
export function download(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
