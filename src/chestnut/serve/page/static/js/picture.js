/** Pictures: grey values in memory, drawn through a window and a level. */

/** The longest side that is kept, in pixels: enough for four times a usual stage. */
const LONGEST = 2560;

/** Files above this size, in bytes, are opened by the service alone, which has limits on what it unpacks. */
const MOST_BYTES = 64 * 1024 * 1024;

export class Picture {
  #grey;
  #pixels;
  #canvas;
  #drawn = "";

  /** @param {ImageData} data  a grey picture. */
  constructor(data) {
    this.width = data.width;
    this.height = data.height;
    this.#grey = new Uint8Array(data.width * data.height);
    for (let index = 0; index < this.#grey.length; index++) {
      const at = index * 4;
      this.#grey[index] = 0.299 * data.data[at] + 0.587 * data.data[at + 1] + 0.114 * data.data[at + 2] + 0.5;
    }
    this.#pixels = data;
    this.#canvas = document.createElement("canvas");
    this.#canvas.width = data.width;
    this.#canvas.height = data.height;
  }

  /**
   * Return the picture as seen through a window.
   *
   * @param {number} level  the middle of the window, in percent of the grey range.
   * @param {number} width  its width, likewise.
   */
  seen(level, width, inverted) {
    const wanted = `${level} ${width} ${inverted}`;
    if (wanted !== this.#drawn) {
      this.#draw(level, width, inverted);
      this.#drawn = wanted;
    }
    return this.#canvas;
  }

  #draw(level, width, inverted) {
    const shades = new Uint8ClampedArray(256);
    for (let grey = 0; grey < 256; grey++) {
      const part = ((grey / 255) * 100 - level) / width + 0.5;
      shades[grey] = 255 * (inverted ? 1 - part : part);
    }
    const { data } = this.#pixels;
    for (let index = 0; index < this.#grey.length; index++) {
      const shade = shades[this.#grey[index]];
      const at = index * 4;
      data[at] = data[at + 1] = data[at + 2] = shade;
      data[at + 3] = 255;
    }
    this.#canvas.getContext("2d").putImageData(this.#pixels, 0, 0);
  }
}

/** Tell whether the browser shows a file as the service does: JPEG, and PNG of 8 bits. */
async function isDrawnHere(file) {
  if (file.size > MOST_BYTES) return false;
  const bytes = new Uint8Array(await file.slice(0, 32).arrayBuffer());
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return true;
  return bytes[0] === 0x89 && bytes[1] === 0x50 && bytes[24] === 8;
}

/** Return the pixels of a picture, at most `longest` wide and high. */
export async function readPixels(blob, longest = LONGEST) {
  const bitmap = await createImageBitmap(blob);
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

/** Gets the picture of an item: from the file where the browser can draw it, else from the service. */
export class Pictures {
  #service;
  #worklist;
  #drawn = new Map();

  constructor(service, worklist) {
    this.#service = service;
    this.#worklist = worklist;
  }

  /** Tell whether a picture can be had without the service. */
  isLocal(item) {
    item.local ??= isDrawnHere(item.file);
    return item.local;
  }

  /** Return the file, or the picture that the service draws of it. */
  async blob(item, signal) {
    if (await this.isLocal(item)) return item.file;
    if (!this.#drawn.has(item.key)) {
      const made = await this.#service.explain(item.file, this.#worklist.model.name, { form: "picture", signal });
      this.#drawn.set(item.key, made.picture);
      if (this.#drawn.size > 64) this.#drawn.delete(this.#drawn.keys().next().value);
    }
    return this.#drawn.get(item.key);
  }

  async open(item, signal) {
    return new Picture(await readPixels(await this.blob(item, signal)));
  }
}
