/** The history: rows of the audit table. */

import { decisionMark, meter } from "./cards.js";
import { byId, el, fillChoice, icon, show, unseen } from "./dom.js";
import { download } from "./labels_csv.js";
import { say, tell } from "./say.js";
import { isUnusual, shownClass, shownProbability } from "./worklist.js";
import { VERDICTS, count, shownNumber } from "./words.js";

const ROWS = 50;
const COLUMNS = ["Time", "Decision", "Score", "Guard", "Verdict", "Network", ""];

export class History {
  #service;
  #worklist;
  #open;
  #body = null;
  #last = null;

  /** @param {(item) => void} open  opens an image that is still in the worklist. */
  constructor(service, worklist, open) {
    this.#service = service;
    this.#worklist = worklist;
    this.#open = open;
    for (const id of ["history-model", "history-verdict"]) byId(id).addEventListener("change", () => this.load());
    byId("history-again").addEventListener("click", () => this.load());
    byId("history-more").addEventListener("click", () => this.#more());
    byId("history-csv").addEventListener("click", () => this.#save());
  }

  /** Show the newest rows. */
  async load() {
    fillChoice(byId("history-model"), this.#worklist.models.map((model) => model.name), 1);
    this.#last = null;
    this.#body = el("tbody");
    const heads = COLUMNS.map((name) => el("th", { scope: "col" }, name || unseen("Actions")));
    const table = el("table", { "aria-labelledby": "history-title" }, el("thead", {}, el("tr", {}, ...heads)), this.#body);
    await this.#more();
    byId("history-table").replaceChildren(...(this.#body.rows.length ? [table] : []));
  }

  async #more() {
    const query = { limit: String(ROWS) };
    if (this.#last) query.before = this.#last;
    if (byId("history-model").value) query.model = byId("history-model").value;
    if (byId("history-verdict").value) query.verdict = byId("history-verdict").value;
    const nothing = byId("history-nothing");
    try {
      const rows = await this.#service.history(query);
      this.#body.append(...rows.map((row) => this.#row(row)));
      this.#last = rows.at(-1)?.id ?? this.#last;
      show(byId("history-more"), rows.length === ROWS);
      nothing.textContent = "There is no answer yet that fits.";
      show(nothing, this.#body.rows.length === 0);
      say(count(this.#body.rows.length, "answer"));
    } catch (error) {
      nothing.textContent = error.message;
      show(nothing, true);
      show(byId("history-more"), false);
    }
  }

  #row(row) {
    const time = new Date(row.time);
    const item = this.#worklist.items.find((one) => [...one.outcomes.values()].some((outcome) => outcome.result?.id === row.id));
    const open = item
      ? el("button", { type: "button", class: "outlined small", onclick: () => this.#open(item) }, "Open", unseen(` ${item.name}`))
      : null;
    const number = el("p", {}, shownClass(row, row), el("b", {}, shownNumber(shownProbability(row, row))));
    return el(
      "tr",
      { data: { id: row.id } },
      el("td", { class: "when" }, time.toLocaleTimeString(), el("span", {}, time.toLocaleDateString(undefined, { dateStyle: "medium" }))),
      el("td", {}, decisionMark(row, row)),
      el("td", { class: "chance" }, number, meter(row, row)),
      el("td", {}, ...guardMark(row)),
      el("td", {}, ...verdictMark(row.verdicts.at(-1))),
      el("td", {}, row.model),
      el("td", { class: "act" }, ...(open ? [open] : [])),
    );
  }

  async #save() {
    try {
      download(await this.#service.verdicts(), "verdicts.csv");
    } catch (error) {
      tell(error.message);
    }
  }
}

function guardMark(row) {
  if (!isUnusual(row)) return [];
  return [el("span", { class: "mark warns", title: row.guard.reason }, icon("alert"), "Unusual")];
}

function verdictMark(verdict) {
  if (!verdict) return [];
  const mark = el("span", { class: "mark" }, icon(verdict.verdict), VERDICTS[verdict.verdict]);
  const about = [verdict.verdict === "disagree" ? verdict.label : null, verdict.reviewer, verdict.note].filter(Boolean).join(" · ");
  return about ? [mark, el("span", { class: "note" }, about)] : [mark];
}
