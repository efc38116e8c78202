/** The rows of a kind on the page: one for each item, in the reader's order. */

import { blank, say, the } from "./page.js";
import { isFound } from "./order.js";
import { name } from "./row.js";

/**
 * @typedef {import("../feed.js").Item} Item
 * @typedef {import("./row.js").PriceRow | import("./card.js").ScoreCard} Row
 */

/** @template {Row} R */
export class List {
  /** @type {Map<string, R>} */
  rows = new Map();
  #kind;
  #items;
  #make;
  #sorted;
  #told;
  #place;

  /**
   * @param {"price" | "score"} kind
   * @param {Map<string, Item>} items
   * @param {object} how
   * @param {(element: HTMLElement) => R} how.make
   * @param {(entries: any[], choices: import("./choices.js").Choices) => any[]} how.sorted
   * @param {(row: R, came: boolean) => void} how.told  A row came, or is to go.
   */
  constructor(kind, items, { make, sorted, told }) {
    this.#kind = kind;
    this.#items = items;
    this.#make = make;
    this.#sorted = sorted;
    this.#told = told;
    this.#place = the(`[data-list=${kind}]`);
    for (const element of this.#place.querySelectorAll("[data-topic]"))
      this.#add(/** @type {HTMLElement} */ (element));
  }

  /**
   * See that a topic has a row if it has an item, and none if it has not.
   * @param {string} topic
   * @returns {boolean}  whether a row came or went
   */
  place(topic) {
    const row = this.rows.get(topic);
    const isThere = this.#items.has(topic);
    if (isThere === (row !== undefined)) return false;
    if (row) {
      this.#told(row, false);
      row.element.remove();
      this.rows.delete(topic);
    } else {
      const element = blank(this.#kind);
      name(element, topic);
      this.#add(element);
    }
    return true;
  }

  /**
   * Put the rows in order, touching only those that stand wrong, and say how many there are.
   * @param {import("./choices.js").Choices} choices
   */
  arrange(choices) {
    const entries = [];
    for (const [topic, row] of this.rows) {
      const item = this.#items.get(topic);
      if (item) entries.push({ topic, item, row });
    }
    const held = document.activeElement;
    let next = this.#place.firstElementChild;
    let found = 0;
    for (const { topic, item, row } of this.#sorted(entries, choices)) {
      const { element } = row;
      const isPinned = choices.pins.has(topic);
      element.toggleAttribute("data-pinned", isPinned);
      the("input[name=pin]", element).checked = isPinned;
      element.hidden = !isFound({ topic, item }, choices.q);
      if (!element.hidden) found += 1;
      if (element === next) next = next.nextElementSibling;
      else this.#place.insertBefore(element, next);
    }
    // What is moved in the document loses the focus.
    if (held !== document.activeElement && this.#place.contains(held))
      /** @type {HTMLElement} */ (held).focus({ preventScroll: true });
    this.#count(found, choices.q);
  }

  /**
   * @param {number} found
   * @param {string} q
   */
  #count(found, q) {
    const all = this.rows.size;
    say(the(`[data-count=${this.#kind}]`), found === all ? `${all}` : `${found} of ${all}`);
    const empty = the(`[data-empty=${this.#kind}]`);
    empty.hidden = found > 0;
    empty.toggleAttribute("data-none", all === 0);
    if (all > 0 && found === 0) say(empty, `Nothing here is called “${q.trim()}”.`);
    else if (all === 0) say(empty, EMPTY[this.#kind]);
  }

  /** @param {HTMLElement} element */
  #add(element) {
    const row = this.#make(element);
    this.rows.set(row.topic, row);
    this.#told(row, true);
  }
}

const EMPTY = {
  price: "No prices yet. They appear here as soon as a source or an admin gives the first.",
  score: "No matches yet. They appear here as soon as one is announced.",
};
