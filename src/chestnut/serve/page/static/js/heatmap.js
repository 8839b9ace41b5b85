/** Heat maps: how much each place counts, in colours that grow evenly brighter, clear where it is little. */

import { readPixels } from "./picture.js";

/** Colours from little to much evidence; their lightness grows evenly, so that no edge is seen that is not there. */
const STOPS = ["#5b136e", "#8f2469", "#bf3952", "#e65d2f", "#f98e09", "#f9cb35", "#fcffa4"];

/** How much of the picture a value covers at full strength. It begins gently, so that no edge is seen where evidence ends. */
const cover = (value) => (value / 255) ** 0.75;

const channels = STOPS.map((stop) => [1, 3, 5].map((at) => Number.parseInt(stop.slice(at, at + 2), 16)));

function colour(value) {
  const place = (value / 255) * (channels.length - 1);
  const low = Math.min(Math.floor(place), channels.length - 2);
  return channels[low].map((channel, index) => channel + (channels[low + 1][index] - channel) * (place - low));
}

const COLOURS = Array.from({ length: 256 }, (_, value) => colour(value));

/** Maps whose largest value is below this one show next to nothing. */
const FAINT = 64;

/**
 * Return a heat map in colours, from the grey picture that the service makes of it.
 *
 * @returns {Promise<{map: HTMLCanvasElement, faint: boolean}>}  `faint` where it shows next to nothing.
 */
export async function paintMap(blob) {
  const pixels = await readPixels(blob, 1024);
  const { data } = pixels;
  let largest = 0;
  for (let at = 0; at < data.length; at += 4) {
    const value = data[at];
    largest = Math.max(largest, value);
    const [red, green, blue] = COLOURS[value];
    data[at] = red;
    data[at + 1] = green;
    data[at + 2] = blue;
    data[at + 3] *= cover(value);
  }
  const canvas = document.createElement("canvas");
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return { map: canvas, faint: largest < FAINT };
}

/** Draw the scale of colours. */
export function paintLegend(canvas) {
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  for (let x = 0; x < canvas.width; x++) {
    const value = Math.round((x / (canvas.width - 1)) * 255);
    context.fillStyle = `rgb(${COLOURS[value].map(Math.round).join(" ")} / ${cover(value)})`;
    context.fillRect(x, 0, 1, canvas.height);
  }
}
