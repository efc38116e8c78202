/**
 * One filling-in of the form, from the first key to the 200: what was tried, and under which key it
 * is sent. No DOM.
 */

import { call } from "./api.js";

export class Draft {
  /** The body that a dry run has shown; nothing else is sent. */
  tried = "";
  /** The body that was sent as the form stands: where no answer came, no other is sent again. */
  sent = "";
  /** The version that the operator began with; undefined before that. */
  /** @type {number | undefined} */
  v;
  /** When the clock was last set, ms. */
  at = 0;
  /** @type {Map<string, string>} A body that comes again within the same filling-in is the same act. */
  #keys = new Map();

  /**
   * What the server makes of it, without doing it.
   * @param {string} text
   * @returns {Promise<{frames: string, subscribers: number, results: any[]}>}
   *   `frames`: exactly as they would be sent.
   */
  async rehearse(text) {
    const { text: answer, json } = await call("POST", "/admin/inject?dry_run=1", { body: text });
    this.tried = text;
    const begin = answer.indexOf('"frames":[') + '"frames":['.length;
    const frames = answer.slice(begin, answer.lastIndexOf('],"subscribers":'));
    return { frames, subscribers: json.subscribers, results: json.results };
  }

  /**
   * Do it once, however often this is called with the same text.
   * @param {string} text
   * @returns {Promise<{cursor: string, results: any[], duplicate: boolean}>}
   */
  async send(text) {
    const key = this.#keys.get(text) ?? crypto.getRandomValues(new Uint32Array(4)).join("-");
    this.#keys.set(text, key);
    this.sent = text;
    return (await call("POST", "/admin/inject", { body: text, key })).json;
  }
}
