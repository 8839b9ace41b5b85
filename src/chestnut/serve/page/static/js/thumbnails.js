/** Small pictures for the cards, made two at a time. */

import { readPixels } from "./picture.js";

const SIDE = 128;
const AT_ONCE = 2;

export class Thumbnails {
  #pictures;
  #waiting = [];
  #running = 0;

  constructor(pictures) {
    this.#pictures = pictures;
  }

  /** Tell whether a picture can be had before the service has scored it. */
  isLocal(item) {
    return this.#pictures.isLocal(item);
  }

  /** Draw the thumbnail of an item into a canvas when its turn comes; `drawn` is called if that succeeds. */
  draw(item, canvas, drawn) {
    this.#waiting.push({ item, canvas, drawn });
    while (this.#running < AT_ONCE && this.#waiting.length) void this.#work();
  }

  async #work() {
    this.#running += 1;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      try {
        const pixels = await readPixels(await this.#pictures.blob(next.item), SIDE * 1.5);
        next.canvas.width = pixels.width;
        next.canvas.height = pixels.height;
        next.canvas.getContext("2d").putImageData(pixels, 0, 0);
        next.drawn();
      } catch {
        // A file without a picture has a card with the service's reason, and no thumbnail.
      }
    }
    this.#running -= 1;
  }
}
