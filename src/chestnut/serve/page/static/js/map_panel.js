/** The heat map of the image on the stage: off at first, laid over it on request. */

import { byId, fillChoice, show } from "./dom.js";
import { paintLegend, paintMap } from "./heatmap.js";
import { fillSlider } from "./instruments.js";
import { say } from "./say.js";
import { explainMap } from "./words.js";
import { shownClass } from "./worklist.js";

export class MapPanel {
  #service;
  #worklist;
  #viewer;
  #asked = new AbortController();
  #painted = new Map();

  constructor(service, worklist, viewer) {
    this.#service = service;
    this.#worklist = worklist;
    this.#viewer = viewer;
    byId("map-on").addEventListener("change", () => this.#show());
    byId("map-class").addEventListener("change", () => this.#show());
    byId("strength").addEventListener("input", () => this.strengthen());
    paintLegend(byId("legend"));
    this.strengthen();
  }

  /** Make ready for another image: the map stays off until it is asked for, so that eyes come first. */
  open() {
    this.#asked.abort();
    byId("map-on").checked = false;
    const { selected, model } = this.#worklist;
    const { result } = this.#worklist.outcome(selected);
    if (result) {
      fillChoice(byId("map-class"), model.classes);
      byId("map-class").value = shownClass(result, model);
    }
    show(byId("map-class-label"), Boolean(result) && model.classes.length > 2);
    this.#hide();
  }

  toggle() {
    byId("map-on").click();
  }

  strengthen(by = 0) {
    const slider = byId("strength");
    slider.value = String(Number(slider.value) + by);
    byId("strength-value").value = `${slider.value} %`;
    fillSlider(slider);
    this.#viewer.strengthen(Number(slider.value) / 100);
  }

  #hide() {
    show(byId("map-more"), false);
    show(byId("corner-map"), false);
    this.#viewer.cover(null);
  }

  async #show() {
    this.#asked.abort();
    if (!byId("map-on").checked) {
      this.#hide();
      say("Heat map off");
      return;
    }
    this.#asked = new AbortController();
    const { signal } = this.#asked;
    show(byId("map-more"), true);
    byId("map-words").textContent = "The map is being computed.";
    byId("corner-map").textContent = "Computing the heat map …";
    show(byId("corner-map"), true);
    try {
      const { map, faint, method, of, evidence } = await this.#obtain(signal);
      if (signal.aborted) return;
      this.#viewer.cover(map);
      byId("map-words").textContent = explainMap(method, of, { evidence, faint });
      byId("corner-map").textContent = `Heat map for ${of}`;
      say("Heat map on");
    } catch (error) {
      if (error.name === "AbortError" || signal.aborted) return;
      show(byId("corner-map"), false);
      byId("map-words").textContent = `There is no map: ${error.message}`;
      say(byId("map-words").textContent);
    }
  }

  async #obtain(signal) {
    const { selected, model } = this.#worklist;
    const wanted = byId("map-class").value;
    const key = JSON.stringify([selected.key, model.name, wanted]);
    if (!this.#painted.has(key)) {
      const { picture, method, of, evidence } = await this.#service.explain(selected.file, model.name, { form: "map", of: wanted, signal });
      this.#painted.set(key, { ...(await paintMap(picture)), method, of, evidence });
      if (this.#painted.size > 32) this.#painted.delete(this.#painted.keys().next().value);
    }
    return this.#painted.get(key);
  }
}
