/** What sources may not overwrite now, and what they say meanwhile. */

import { call } from "./api.js";
import { button, List, make, say } from "./dom.js";
import { brief, span } from "./words.js";

/** @typedef {{topic: string, field: string, value: unknown, source: unknown, gone: boolean, until: number}} Pin */

export class Pins {
  #list;
  #now;
  #done;

  /**
   * @param {object} page
   * @param {() => number} page.now
   * @param {(topic: string) => void} page.take
   * @param {() => void} page.done
   */
  constructor({ now, take, done }) {
    this.#now = now;
    this.#done = done;
    this.#list = new List("pins", (/** @type {Pin[]} */ [{ topic }]) => this.#row(topic, take));
  }

  async refresh() {
    const { json } = await call("GET", "/admin/pins");
    /** @type {Map<string, Pin[]>} */
    const topics = new Map();
    for (const pin of json.pins) topics.set(pin.topic, [...(topics.get(pin.topic) ?? []), pin]);
    this.#list.show([...topics.values()], ([pin]) => pin.topic, json.pins.length ? String(json.pins.length) : "");
  }

  /**
   * @param {string} topic
   * @param {(topic: string) => void} take
   */
  #row(topic, take) {
    const fields = make("dl", { class: "pairs" });
    const release = button(
      "Release",
      async () => {
        await call("POST", "/admin/unpin", { body: JSON.stringify({ topic }) });
        this.#done();
      },
      `Release ${topic}`,
    );
    const name = make("button", { type: "button", class: "topic", onclick: () => take(topic) }, topic);
    return {
      element: make("li", { "data-topic": topic }, make("p", { class: "head" }, name), fields, make("p", { class: "acts" }, release)),
      update: (/** @type {Pin[]} */ pins) => {
        const words = pins.map((pin) => [pin.field.slice(1).replaceAll("/", "."), this.#inWords(pin)]);
        if (fields.childElementCount !== 2 * words.length) {
          fields.replaceChildren(...words.flatMap(() => [make("dt"), make("dd")]));
        }
        for (const [place, [field, told]] of words.entries()) {
          say(fields.children[2 * place], field);
          say(fields.children[2 * place + 1], told);
        }
      },
    };
  }

  /** @param {Pin} pin */
  #inWords({ value, source, gone, until }) {
    const says = gone ? "its source took it away" : `its source says ${brief(source)}`;
    const heard = gone || source !== null ? says : "its source has said nothing since";
    return `${brief(value)} · ${heard} · ${span(until - this.#now())} left`;
  }
}
