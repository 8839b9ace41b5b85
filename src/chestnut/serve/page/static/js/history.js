/** The history: rows of the audit table. */

import { decisionMark, meter } from "./cards.js";
import { byId, el, fillChoice, icon, show, unseen } from "./dom.js";
import { download } from "./labels_csv.js";
import { say, tell } from "./say.js";
import { Item, isUnusual, shownClass, shownProbability } from "./worklist.js";
import { VERDICTS, count, shownNumber } from "./words.js";

const ROWS = 50;
const COLUMNS = ["Time", "Decision", "Score", "Guard", "Verdict", "Network", ""];
const SOURCES = { http: "", dicom: "sent as DICOM" };

export class History {
  #service;
  #worklist;
  #open;
  #body = null;
  #next = null;
  #round = 0;

  /** @param {(item: Item) => void} open  opens an image of the worklist. */
  constructor(service, worklist, open) {
    this.#service = service;
    this.#worklist = worklist;
    this.#open = open;
    for (const id of ["history-model", "history-verdict"]) byId(id).addEventListener("change", () => this.load());
    byId("history-again").addEventListener("click", () => this.load());
    byId("history-more").addEventListener("click", () => this.#more());
    byId("history-csv").addEventListener("click", () => this.#save("verdicts", true));
    byId("history-labels").addEventListener("click", () => this.#save("labels", false));
  }

  /** Show the newest rows. */
  async load() {
    const names = this.#worklist.models.map((model) => model.name);
    fillChoice(byId("history-model"), names, 1);
    this.#next = null;
    this.#round += 1;
    this.#body = el("tbody");
    const heads = COLUMNS.map((name) => el("th", { scope: "col" }, name || unseen("Actions")));
    const table = el("table", { "aria-labelledby": "history-title" }, el("thead", {}, el("tr", {}, ...heads)), this.#body);
    await this.#more(table);
  }

  async #more(table = null) {
    const round = this.#round;
    const query = { limit: String(ROWS) };
    if (this.#next) query.before = this.#next;
    for (const name of ["model", "verdict"]) if (byId(`history-${name}`).value) query[name] = byId(`history-${name}`).value;
    try {
      const { predictions, next } = await this.#service.history(query);
      if (round !== this.#round) return; // another choice was made meanwhile
      this.#body.append(...predictions.map((row) => this.#row(row)));
      this.#next = next;
      this.#tellEnd(this.#body.rows.length ? "" : "No answer fits.");
      say(count(this.#body.rows.length, "answer"));
    } catch (error) {
      this.#next = null;
      this.#tellEnd(error.message);
    }
    if (table) byId("history-table").replaceChildren(...(this.#body.rows.length ? [table] : []));
  }

  #tellEnd(text) {
    byId("history-nothing").textContent = text;
    show(byId("history-nothing"), text !== "");
    show(byId("history-more"), this.#next !== null);
  }

  #row(row) {
    const time = new Date(row.time);
    const number = el("p", {}, shownClass(row, row), el("b", {}, shownNumber(shownProbability(row, row))));
    const from = [row.model, SOURCES[row.source]].filter(Boolean);
    return el(
      "tr",
      { data: { id: row.id } },
      el("td", { class: "when" }, time.toLocaleTimeString(), el("span", {}, time.toLocaleDateString(undefined, { dateStyle: "medium" }))),
      el("td", {}, decisionMark(row, row)),
      el("td", { class: "chance" }, number, meter(row, row)),
      el("td", {}, ...guardMark(row)),
      el("td", {}, ...verdictMark(row.verdict)),
      el("td", { class: "from" }, from[0], ...from.slice(1).map((text) => el("span", { class: "note" }, text))),
      el("td", { class: "act" }, ...this.#opener(row)),
    );
  }

  /** Return a button that opens the image of a row: one of the worklist, or one that the service keeps. */
  #opener(row) {
    const item = this.#worklist.items.find((one) => one.holds(row.id));
    const model = this.#worklist.models.find((one) => one.bundle === row.bundle);
    if (!item && !(row.kept && model)) return [];
    const name = item?.name ?? nameOf(row);
    const act = () => (item ? this.#openListed(item, model) : this.#openKept(row, model));
    return [el("button", { type: "button", class: "outlined small", onclick: act }, "Open", unseen(` ${name}`))];
  }

  /** Open an image of the worklist, with the network that gave the answer. */
  #openListed(item, model) {
    if (model) this.#worklist.choose(model);
    this.#open(item);
  }

  async #openKept(row, model) {
    try {
      const picture = await this.#service.kept(row.id);
      const item = new Item(new File([picture], nameOf(row), { type: "image/png" }), nameOf(row), new Date(row.time).getTime());
      this.#worklist.addScored(item, model, row);
      this.#open(item);
    } catch (error) {
      tell(error.message);
    }
  }

  async #save(name, all) {
    try {
      const { table, leftOut } = await this.#service.verdicts(all);
      download(table, `${name}.csv`);
      tell(leftOut ? `Saved. Left out: ${leftOut}.` : "Saved.");
    } catch (error) {
      tell(error.message);
    }
  }
}

/** Return what an image is called whose file name nobody has kept. */
const nameOf = (row) => `kept ${row.id.slice(0, 8)}.png`;

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
