/** Sends the images of the worklist to the service, a few at a time. */

import { ServiceError } from "./service.js";

/** How many images are on their way at once: enough for the service to score them together. */
const AT_ONCE = 4;

export class Sender extends EventTarget {
  #service;
  #worklist;
  #waiting = [];
  #running = 0;
  #stop = new AbortController();
  total = 0;
  done = 0;
  pausedFor = 0;

  constructor(service, worklist) {
    super();
    this.#service = service;
    this.#worklist = worklist;
  }

  get busy() {
    return this.done < this.total;
  }

  /** Send images to the network that is chosen now. */
  send(items) {
    if (!this.busy) this.total = this.done = 0;
    const model = this.#worklist.model;
    for (const item of items) {
      this.#worklist.update(item, model, { state: "waiting", error: "" });
      this.#waiting.push({ item, model });
    }
    this.total += items.length;
    this.#tellProgress();
    while (this.#running < AT_ONCE && this.#waiting.length) void this.#work();
  }

  /** Stop: what was not scored yet is a card with that reason. */
  stop() {
    const left = this.#waiting.splice(0);
    for (const { item, model } of left) this.#worklist.update(item, model, { state: "failed", error: "Stopped before it was scored." });
    this.done += left.length;
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#tellProgress();
  }

  async #work() {
    this.#running += 1;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      if (this.#worklist.items.includes(next.item)) await this.#score(next.item, next.model);
      this.done += 1;
      this.pausedFor = 0;
      this.#tellProgress();
    }
    this.#running -= 1;
  }

  async #score(item, model) {
    const { signal } = this.#stop;
    const onPause = (seconds) => {
      this.pausedFor = seconds;
      this.#worklist.update(item, model, { state: "paused" });
      this.#tellProgress();
    };
    this.#worklist.update(item, model, { state: "sending" });
    try {
      const { result, timing } = await this.#service.predict(item.file, model.name, { signal, onPause });
      this.#worklist.update(item, model, { state: "scored", result, timing });
    } catch (error) {
      this.#worklist.update(item, model, { state: "failed", error: explain(error) });
    }
  }

  #tellProgress() {
    this.dispatchEvent(new Event("progress"));
  }
}

function explain(error) {
  if (error.name === "AbortError") return "Stopped before it was scored.";
  if (error instanceof ServiceError) return error.message;
  if (error.name === "NotReadableError" || error.name === "NotFoundError") return "The file cannot be read any more.";
  throw error;
}
