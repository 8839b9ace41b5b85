/** The reviewer's verdict on the image that is open. What was begun stays with its image. */

import { byId, fillChoice, show } from "./dom.js";
import { say } from "./say.js";
import { keepSetting, readSetting } from "./settings.js";
import { VERDICTS } from "./words.js";

export class VerdictForm extends EventTarget {
  #service;
  #worklist;
  #item = null;
  #outcome = null;
  #form = byId("verdict-form");

  constructor(service, worklist) {
    super();
    this.#service = service;
    this.#worklist = worklist;
    byId("reviewer").value = readSetting("reviewer", "");
    byId("reviewer").addEventListener("change", (event) => keepSetting("reviewer", event.target.value.trim()));
    this.#form.addEventListener("input", () => this.#keepDraft());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.save();
    });
    this.#form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.#form.requestSubmit();
    });
  }

  /** Show what the reviewer said, or began to say, of an image. */
  open(item) {
    this.#item = item;
    this.#outcome = this.#worklist.outcome(item);
    const { result, verdict, draft } = this.#outcome;
    if (!result) return;
    const { verdict: chosen = "", label = null, note = "" } = draft ?? verdict ?? {};
    const others = this.#worklist.model.classes.filter((name) => name !== result.decision);
    fillChoice(byId("label"), others);
    if (label) byId("label").value = label;
    for (const radio of this.#form.elements.verdict) radio.checked = radio.value === chosen;
    byId("note").value = note;
    this.#tell();
  }

  /** Choose a verdict by its key. */
  choose(verdict) {
    if (!this.#outcome?.result) return;
    const radio = [...this.#form.elements.verdict].find((one) => one.value === verdict);
    radio.checked = true;
    radio.focus();
    this.#keepDraft();
    say(`${VERDICTS[verdict]}. S saves it.`);
  }

  /** Store the verdict; then the next image is asked for. */
  async save() {
    const [item, outcome, model] = [this.#item, this.#outcome, this.#worklist.model];
    const given = this.#given();
    if (!given.verdict) {
      say("Choose a verdict first: agree, disagree or unsure.");
      return;
    }
    byId("verdict-save").disabled = true;
    try {
      await this.#service.judge(outcome.result.id, given);
      this.#worklist.update(item, model, { verdict: given, draft: null });
      say(`Verdict saved: ${VERDICTS[given.verdict]}`);
      this.dispatchEvent(new CustomEvent("saved", { detail: item }));
    } catch (error) {
      byId("verdict-save").disabled = false;
      byId("verdict-said").textContent = `Not saved. ${error.message}`;
      say(byId("verdict-said").textContent);
    }
  }

  #given() {
    const verdict = this.#form.elements.verdict.value;
    const label = verdict === "disagree" ? byId("label").value : verdict === "agree" ? this.#outcome.result.decision : null;
    return { verdict, label, note: byId("note").value.trim(), reviewer: byId("reviewer").value.trim() };
  }

  #keepDraft() {
    if (!this.#outcome?.result) return;
    this.#outcome.draft = this.#given();
    this.#tell();
  }

  #tell() {
    const { verdict, draft } = this.#outcome;
    const chosen = this.#form.elements.verdict.value;
    show(byId("label-field"), chosen === "disagree");
    byId("verdict-save").disabled = !chosen || !draft;
    byId("verdict-said").textContent = draft || !verdict ? "" : "Saved";
  }
}
