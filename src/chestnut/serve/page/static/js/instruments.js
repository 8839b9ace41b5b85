/** The buttons and sliders below the stage, which show and change how the picture is seen. */

import { byId } from "./dom.js";

/** Fill the part of a slider before its thumb, which only CSS variables can do in every browser. */
export function fillSlider(slider) {
  const part = (slider.value - slider.min) / (slider.max - slider.min);
  slider.style.setProperty("--part", `${part * 100}%`);
}

export function openInstruments(viewer) {
  const level = byId("level");
  const width = byId("window");
  level.addEventListener("input", () => viewer.adjust({ level: Number(level.value) }));
  width.addEventListener("input", () => viewer.adjust({ window: Number(width.value) }));
  byId("zoom-in").addEventListener("click", () => viewer.enlarge(1.25));
  byId("zoom-out").addEventListener("click", () => viewer.enlarge(1 / 1.25));
  byId("zoom-fit").addEventListener("click", () => viewer.fit());
  byId("invert").addEventListener("click", () => viewer.adjust({ inverted: !viewer.look.inverted }));
  byId("reset").addEventListener("click", () => viewer.reset());
  viewer.addEventListener("view", () => {
    const { look, zoom } = viewer;
    for (const [slider, value] of [[level, look.level], [width, look.window]]) {
      slider.value = String(value);
      byId(`${slider.id}-value`).value = String(value);
      fillSlider(slider);
    }
    byId("invert").setAttribute("aria-pressed", String(look.inverted));
    byId("zoom-out").disabled = zoom <= 1;
    const inverted = look.inverted ? " · inverted" : "";
    byId("corner-view").textContent = `${Math.round(zoom * 100)} % · L ${look.level} · W ${look.window}${inverted}`;
  });
}
