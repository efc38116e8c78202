/** What a change is about: a topic, its item and its events as they are now. */

import { call } from "./api.js";
import { scoreNow, topicOf } from "./change.js";
import { element, make, say } from "./dom.js";
import { ago, brief } from "./words.js";

const SUGGESTIONS = 50;
const TOPICS_AGE_MS = 15_000;
const PRICE_FIELDS = ["price", "bid", "ask"];
const SIDES = Object.entries({ home: "Home", away: "Away" });

export class Subject {
  /** The topic in its full form; empty: none yet. */
  topic = "";
  /** @type {import("./change.js").Item | undefined} Undefined also before it is known. */
  item;
  /** Whether the server was asked about this topic. */
  isKnown = false;
  /** @type {import("./change.js").Standing[]} */
  #events = [];
  #eventsOf = "";
  /** @type {Array<[string, string]>} Every topic, and its name. */
  #topics = [];
  #topicsAt = -Infinity;
  #now;

  /** @param {() => number} now  The server's clock, ms. */
  constructor(now) {
    this.#now = now;
    for (const id of ["topic", "trace-topic"]) {
      element(id).addEventListener("focus", () => this.#suggest(element(id).value));
      element(id).addEventListener("input", () => this.#suggest(element(id).value));
    }
  }

  /** The event that is chosen. */
  get event() {
    const chosen = element("event").value;
    return this.#events.find(({ id }) => id === chosen);
  }

  /**
   * Turn to what is typed.
   * @param {string} text
   * @param {string} kind  Of a name without one.
   */
  turn(text, kind) {
    const topic = topicOf(text, kind);
    if (topic === this.topic) return;
    this.topic = topic;
    this.item = undefined;
    this.isKnown = false;
    this.show();
  }

  /** Look at the item. */
  async look() {
    const { topic } = this;
    if (topic) {
      const { json } = await call("GET", `/snapshot?topics=${encodeURIComponent(topic)}`);
      if (topic !== this.topic) return;
      this.item = json.items[0];
      this.isKnown = true;
    }
    this.show();
  }

  /** Look at the events, if they are not known yet or may have changed. */
  async lookAtEvents({ again = false } = {}) {
    const { topic } = this;
    if (!topic || (topic === this.#eventsOf && !again)) return;
    const { json } = await call("GET", `/admin/events?topic=${encodeURIComponent(topic)}`);
    if (topic !== this.topic) return;
    this.#eventsOf = topic;
    this.#events = json.events;
    const select = element("event");
    const chosen = select.value;
    const options = this.#events.map((event) => make("option", { value: event.id }, inWords(event)));
    const first = make("option", { value: "" }, options.length ? "Choose one" : "The log holds none");
    select.replaceChildren(first, ...options);
    select.value = this.#events.some(({ id }) => id === chosen) ? chosen : "";
  }

  /** The item beside its topic, and behind the fields that are empty. */
  show() {
    say(element("now"), this.#inWords());
    const data = this.item?.data ?? {};
    for (const name of PRICE_FIELDS)
      element(name).placeholder = data[name] === undefined ? "" : brief(data[name]);
    for (const [side, words] of SIDES) {
      const name = data[side]?.abbr ?? data[side]?.name;
      say(element(`${side}-label`), name ? `${words}: ${brief(name)}` : words);
      element(`${side}_score`).placeholder = this.item ? String(scoreNow(this.item, side)) : "";
    }
    element("period").placeholder = typeof data.period === "string" ? data.period : "1H, HT, Q3";
  }

  #inWords() {
    if (!this.topic) return "No topic yet.";
    if (!this.isKnown) return "…";
    if (!this.item) return "There is no such item yet: this creates it.";
    const { v, ts, data } = this.item;
    const side = (/** @type {string} */ name) =>
      `${brief(data[name]?.name ?? data[name]?.abbr ?? name)} ${brief(data[name]?.score)}`;
    const told =
      data.home || data.away
        ? [side("home"), side("away"), data.phase, data.period]
        : [data.name, data.price, data.currency];
    const pinned = Object.keys(data.pinned ?? {}).length ? "pinned" : "";
    return [`v ${v}`, ...told, data.state, pinned, ago(ts, this.#now())]
      .filter((word) => word !== undefined && word !== "")
      .map(brief)
      .join(" · ");
  }

  /** @param {string} text */
  async #suggest(text) {
    if (performance.now() - this.#topicsAt > TOPICS_AGE_MS) {
      this.#topicsAt = performance.now();
      const { json } = await call("GET", "/snapshot?topics=price:*,score:*&fields=name");
      this.#topics = json.items.map(
        (/** @type {{topic: string, data: any}} */ { topic, data }) => [topic, brief(data.name ?? "")],
      );
    }
    const words = text.toLowerCase();
    const fits = this.#topics.filter((each) => each.join(" ").toLowerCase().includes(words));
    const options = fits.slice(0, SUGGESTIONS).map(([topic, name]) => make("option", { value: topic }, name));
    element("topics").replaceChildren(...options);
  }
}

/** @param {import("./change.js").Standing} event */
function inWords({ id, op, kind, data }) {
  const words = [kind, data.side, data.who, data.clock, id].filter(Boolean).map(brief).join(" · ");
  return op === "void" ? `${words} (taken back)` : words;
}
