/** The service that the page belongs to: its interface over HTTP. Nothing is sent anywhere else. */

/** What the service said instead of an answer. */
export class ServiceError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** How often an image is sent again while the service is busy, and what somebody waits for; the longest pause, seconds. */
const TRIES = 12;
const SOON = 2;
const LONGEST_PAUSE = 60;

export class Service {
  #round = 0;
  #asking = null;
  #askToken;

  /** @param {(wrong: boolean) => Promise<string|null>} askToken  asks the user; null if they have none. */
  constructor(askToken) {
    this.#askToken = askToken;
  }

  /** Return the networks of the service. */
  async models() {
    const found = await this.#json("/v1/models");
    return found.models;
  }

  /**
   * Score an image.
   *
   * Its file name stays here: the service gets the bytes alone.
   *
   * @returns {Promise<{model: Object, result: Object, timing: Object}>}
   */
  async predict(file, model, { signal, onPause } = {}) {
    const form = new FormData();
    form.append("files", file, "image");
    const path = `/v1/predict?${new URLSearchParams({ model })}`;
    const response = await this.#send(path, { method: "POST", body: form, signal }, onPause, [422]);
    const answer = await readJson(response);
    const result = answer.results?.[0];
    if (!result) throw new ServiceError(reason(answer, response.status), response.status);
    if (result.error) throw new ServiceError(withoutName(result.error, result.name), response.status);
    return { model: answer.model, result, timing: answer.timing_ms };
  }

  /**
   * Return a picture: of the image, or of where the network looked.
   *
   * @param {"picture"|"map"} form
   * @returns {Promise<{picture: Blob, method: string, of: string, evidence: boolean}>}
   */
  async explain(file, model, { form, of = null, signal } = {}) {
    const body = new FormData();
    body.append("files", file, "image");
    const query = new URLSearchParams({ model, form });
    if (of !== null) query.set("class", of);
    const response = await this.#send(`/v1/explain?${query}`, { method: "POST", body, signal });
    return {
      picture: await response.blob(),
      method: response.headers.get("X-Chestnut-Method") ?? "",
      of: decodeURIComponent(response.headers.get("X-Chestnut-Class") ?? ""),
      evidence: response.headers.get("X-Chestnut-Evidence") !== "false",
    };
  }

  /**
   * Return rows of the audit table, newest first.
   *
   * @returns {Promise<{predictions: Object[], next: string|null}>}  `next` is the row to go on from.
   */
  async history(query) {
    return this.#json(`/v1/predictions?${new URLSearchParams(query)}`);
  }

  /** Store a reviewer's verdict. */
  async judge(id, verdict) {
    const body = JSON.stringify(verdict);
    const headers = { "Content-Type": "application/json" };
    await this.#send(`/v1/predictions/${encodeURIComponent(id)}/verdict`, { method: "POST", body, headers });
  }

  /** Return an image that the service keeps, as PNG. */
  async kept(id) {
    return (await this.#send(`/v1/predictions/${encodeURIComponent(id)}/picture`, {})).blob();
  }

  /** Return all verdicts as a table, or those alone that give a label to an image that is kept. */
  async verdicts(all) {
    const response = await this.#send(`/v1/verdicts.csv${all ? "?all=true" : ""}`, {});
    return { table: await response.blob(), leftOut: response.headers.get("X-Chestnut-Left-Out") ?? "" };
  }

  /** Tell who is signed in; null where nobody needs to be. */
  async client() {
    const { needed, client } = await this.#json("/v1/session");
    return needed ? client : null;
  }

  async signOut() {
    await this.#send("/v1/session", { method: "DELETE" });
  }

  async #json(path) {
    return readJson(await this.#send(path, {}));
  }

  /** Send a request; sign in where the service asks for it, and wait where it is busy. */
  async #send(path, options, onPause = null, accepted = []) {
    let busy = 0;
    for (;;) {
      const round = this.#round;
      const response = await reach(path, options);
      if (response.ok || accepted.includes(response.status)) return response;
      if (response.status === 401) await this.#signInOnce(round);
      else if (response.status === 503 && busy++ < (onPause ? TRIES : SOON)) await pause(response, options.signal, onPause);
      else throw new ServiceError(reason(await readJson(response), response.status), response.status);
    }
  }

  /** Sign in, once for all requests that were refused meanwhile. */
  async #signInOnce(round) {
    if (this.#round !== round) return;
    this.#asking ??= this.#signIn().finally(() => (this.#asking = null));
    await this.#asking;
  }

  /** Ask for a token until the service takes it. It answers with a cookie that scripts cannot read. */
  async #signIn() {
    for (let wrong = false; ; wrong = true) {
      const token = await this.#askToken(wrong);
      if (token === null) throw new ServiceError("The service asks for a token, and none was given.", 401);
      const headers = { Authorization: `Bearer ${token}` };
      const response = await reach("/v1/session", { method: "POST", headers });
      if (response.ok) {
        this.#round += 1;
        return;
      }
      if (response.status !== 401) throw new ServiceError(reason(await readJson(response), response.status), response.status);
    }
  }
}

async function reach(path, options) {
  try {
    return await fetch(path, { ...options, credentials: "same-origin", cache: "no-store", redirect: "error" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServiceError("The service cannot be reached. See that it still runs, then try again.", 0);
  }
}

async function readJson(response) {
  try {
    return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return {};
  }
}

/** Wait as long as a busy service asks for. */
function pause(response, signal, onPause) {
  const seconds = Math.min(Number(response.headers.get("Retry-After")) || 1, LONGEST_PAUSE);
  onPause?.(seconds);
  return new Promise((done, failed) => {
    const timer = setTimeout(done, seconds * 1000);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      failed(new DOMException("stopped", "AbortError"));
    });
  });
}

function reason(answer, status) {
  return typeof answer.error === "string" ? answer.error : `The service answered with status ${status}.`;
}

/** Return an error without the name that the page gave the image, as the card has its own. */
function withoutName(error, name = "image") {
  const start = [`${name}: `, `${name} `].find((words) => error.startsWith(words));
  const text = start ? error.slice(start.length) : error;
  return text.charAt(0).toUpperCase() + text.slice(1);
}
