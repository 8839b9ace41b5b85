/** The stage: a picture with a heat map over it, moved, enlarged and windowed. */

const LARGEST = 16;
const MARGIN = 8;
const WHOLE = { level: 50, window: 100, inverted: false };

export class Viewer extends EventTarget {
  #canvas;
  #picture = null;
  #map = null;
  #strength = 0.6;
  #scale = 1;
  #x = 0;
  #y = 0;
  #pending = false;

  constructor(canvas) {
    super();
    this.#canvas = canvas;
    this.look = { ...WHOLE };
    new ResizeObserver(() => this.#redraw()).observe(canvas);
  }

  get picture() {
    return this.#picture;
  }

  get zoom() {
    return this.#scale;
  }

  /** Show another picture, as a whole and in all its greys. */
  show(picture) {
    this.#picture = picture;
    this.#map = null;
    this.reset();
  }

  /** Lay a heat map over the picture; null for none. */
  cover(map) {
    this.#map = map;
    this.#redraw();
  }

  /** @param {number} strength  0 to 1. */
  strengthen(strength) {
    this.#strength = strength;
    this.#redraw();
  }

  reset() {
    this.look = { ...WHOLE };
    this.fit();
  }

  fit() {
    this.#scale = 1;
    this.#x = this.#y = 0;
    this.#redraw();
  }

  /** Change level, window or inversion. */
  adjust({ level = this.look.level, window = this.look.window, inverted = this.look.inverted }) {
    this.look = { level: limit(Math.round(level), 0, 100), window: limit(Math.round(window), 2, 200), inverted };
    this.#redraw();
  }

  move(x, y) {
    this.#x += x;
    this.#y += y;
    this.#redraw();
  }

  /** Enlarge by a factor, and keep in place what is at a point of the canvas; its middle if none is given. */
  enlarge(factor, at = null) {
    const { clientWidth, clientHeight } = this.#canvas;
    const x = (at?.x ?? clientWidth / 2) - clientWidth / 2;
    const y = (at?.y ?? clientHeight / 2) - clientHeight / 2;
    const scale = limit(this.#scale * factor, 1, LARGEST);
    const real = scale / this.#scale;
    this.#x = x - (x - this.#x) * real;
    this.#y = y - (y - this.#y) * real;
    this.#scale = scale;
    this.#redraw();
  }

  #redraw() {
    if (this.#pending) return;
    this.#pending = true;
    requestAnimationFrame(() => {
      this.#pending = false;
      this.#draw();
      this.dispatchEvent(new Event("view"));
    });
  }

  #draw() {
    const canvas = this.#canvas;
    const { clientWidth, clientHeight } = canvas;
    const dense = devicePixelRatio || 1;
    const [width, height] = [Math.round(clientWidth * dense), Math.round(clientHeight * dense)];
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!this.#picture || clientWidth === 0) return;
    const picture = this.#picture;
    const fitted = Math.min((clientWidth - 2 * MARGIN) / picture.width, (clientHeight - 2 * MARGIN) / picture.height);
    const scale = fitted * this.#scale;
    const [wide, high] = [picture.width * scale, picture.height * scale];
    this.#keepInSight(wide, high);
    const left = (clientWidth - wide) / 2 + this.#x;
    const top = (clientHeight - high) / 2 + this.#y;
    context.scale(dense, dense);
    context.globalAlpha = 1;
    context.imageSmoothingQuality = "high";
    context.imageSmoothingEnabled = scale < 12; // beyond, single pixels are looked at
    const { level, window, inverted } = this.look;
    context.drawImage(picture.seen(level, window, inverted), left, top, wide, high);
    if (!this.#map) return;
    context.imageSmoothingEnabled = true;
    context.globalAlpha = this.#strength;
    context.drawImage(this.#map, left, top, wide, high);
  }

  /** Move no further than the picture's edges; what fits stays in the middle. */
  #keepInSight(width, height) {
    const beyond = (size, room) => Math.max(0, (size - room) / 2 + MARGIN);
    const mostX = this.#scale > 1 ? beyond(width, this.#canvas.clientWidth) : 0;
    const mostY = this.#scale > 1 ? beyond(height, this.#canvas.clientHeight) : 0;
    this.#x = limit(this.#x, -mostX, mostX);
    this.#y = limit(this.#y, -mostY, mostY);
  }
}

export const limit = (value, low, high) => Math.min(Math.max(value, low), high);
