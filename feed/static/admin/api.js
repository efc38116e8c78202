/** Calls of the server, with the session's cookie. */

/** With instances that take turns: how often another one is tried for what only one of them can do. */
const TRIES = 6;

/** After so long nobody answers, who would: the server itself gives up after some four seconds. */
const PATIENCE_MS = 10_000;

/** What the server refused, in its own words. */
export class Refusal extends Error {
  /**
   * @param {number} status
   * @param {any} problem  RFC 9457
   */
  constructor(status, problem) {
    super(problem.detail || `the server answered ${status}`);
    this.status = status;
    this.code = problem.code ?? "";
    this.problem = problem;
    /** @type {Array<{path: string, message: string}>} */
    this.faults = problem.errors ?? [];
  }
}

/** No answer: whether it was done is not known. */
export class NoAnswer extends Error {
  constructor() {
    super("no answer from the server");
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{body?: string, key?: string}} [options]  `body`: JSON. `key`: an Idempotency-Key.
 * @returns {Promise<{text: string, json: any}>}
 */
export async function call(method, path, { body, key } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key !== undefined) headers["Idempotency-Key"] = key;
  const waiting = new AbortController();
  const { signal } = waiting;
  const timer = setTimeout(() => waiting.abort(), PATIENCE_MS);
  let status;
  let text;
  try {
    const answer = await fetch(path, { method, headers, body, signal, redirect: "error", cache: "no-cache" });
    status = answer.status;
    text = await answer.text();
  } catch {
    throw new NoAnswer();
  } finally {
    clearTimeout(timer);
  }
  const json = parsed(text);
  if (status === 401) dispatchEvent(new Event("signed-out"));
  if (status >= 400) throw new Refusal(status, json);
  return { text, json };
}

/**
 * Say again what another instance may be able to do, and what may be said twice.
 * @param {string} method
 * @param {string} path
 * @param {string} code  What an instance answers that cannot.
 * @param {string} [body]
 */
export async function callOneOf(method, path, code, body) {
  for (let tries = 1; ; tries++) {
    try {
      return await call(method, path, { body });
    } catch (error) {
      if (!(error instanceof Refusal && error.code === code) || tries === TRIES) throw error;
    }
  }
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
