/** What each key does. */

import { byId } from "./dom.js";

/** How far the arrow keys move the picture, in pixels. */
const MOVES = { ArrowLeft: [48, 0], ArrowRight: [-48, 0], ArrowUp: [0, 48], ArrowDown: [0, -48] };

/**
 * Return the keys of the page in groups, for `openKeys`.
 *
 * `on` are the names of keys as the browser gives them, `shown` as the help shows them.
 */
export function listShortcuts({ viewer, map, verdicts, filters, back, step, go, hasImages, isOpen }) {
  return [
    {
      name: "Worklist",
      keys: [
        { on: ["j"], shown: ["J"], does: "next image", act: () => step(1) },
        { on: ["k"], shown: ["K"], does: "previous image", act: () => step(-1) },
        { on: ["o"], shown: ["O"], does: "add images; with Shift, a folder", act: (event) => byId(event.shiftKey ? "folder" : "files").click() },
        { on: ["/"], shown: ["/"], does: "find", act: () => byId("filter-text").focus() },
        { on: ["f"], shown: ["F"], does: "filters and order", act: () => hasImages() && filters.toggle() },
        { on: ["Escape"], shown: ["Esc"], does: "back to the worklist", act: back },
      ],
    },
    {
      name: "Verdict",
      keys: [
        { on: ["a"], shown: ["A"], does: "agree", act: () => verdicts.choose("agree") },
        { on: ["d"], shown: ["D"], does: "disagree", act: () => verdicts.choose("disagree") },
        { on: ["u"], shown: ["U"], does: "unsure", act: () => verdicts.choose("unsure") },
        { on: ["n"], shown: ["N"], does: "write a note", act: () => byId("note").focus() },
        { on: ["s"], shown: ["S"], does: "save, next image", act: () => isOpen() && verdicts.save() },
      ],
    },
    {
      name: "Picture",
      keys: [
        { on: ["+", "="], shown: ["+"], does: "larger", act: () => viewer.enlarge(1.25) },
        { on: ["-"], shown: ["-"], does: "smaller", act: () => viewer.enlarge(1 / 1.25) },
        { on: ["[", "]"], shown: ["[", "]"], does: "level", act: ({ key }) => viewer.adjust({ level: viewer.look.level + (key === "]" ? 2 : -2) }) },
        { on: ["{", "}"], shown: ["{", "}"], does: "window", act: ({ key }) => viewer.adjust({ window: viewer.look.window + (key === "}" ? 4 : -4) }) },
        { on: ["i"], shown: ["I"], does: "invert", act: () => viewer.adjust({ inverted: !viewer.look.inverted }) },
        { on: ["0"], shown: ["0"], does: "reset", act: () => viewer.reset() },
        { on: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"], shown: ["←", "→", "↑", "↓"], does: "move, on the picture", onStage: true, act: ({ key }) => viewer.move(...MOVES[key]) },
      ],
    },
    {
      name: "Heat map and page",
      keys: [
        { on: ["h"], shown: ["H"], does: "heat map on or off", act: () => isOpen() && map.toggle() },
        { on: [",", "."], shown: [",", "."], does: "weaker, stronger", act: ({ key }) => map.strengthen(key === "." ? 5 : -5) },
        { on: ["t"], shown: ["T"], does: "light or dark", act: () => byId("theme").click() },
        { on: ["y"], shown: ["Y"], does: "history", act: () => go("history") },
        { on: ["?"], shown: ["?"], does: "this help", act: () => byId("help").showModal() },
      ],
    },
  ];
}
