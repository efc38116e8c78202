/** One row of the price table. */

import { compareDecimals, decimal } from "./decimal.js";
import { Slots, mark } from "./slots.js";
import { Sparkline } from "./sparkline.js";
import { keyOf, priceView } from "./view.js";
import { ageText } from "./wording.js";

const FLASH_MS = 900;
/** A price of more characters is written smaller: one that is cut off would be another price. */
const LONG = 10;

export class PriceRow {
  /** Whether it is on the screen or next to it. */
  isSeen = false;
  /** Whether its item is newer than what it says. */
  isBehind = false;
  #slots;
  /** @type {Animation | undefined} */
  #flash;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.topic = element.dataset.topic ?? "";
    this.#slots = new Slots(element);
    this.line = new Sparkline(/** @type {SVGPathElement} */ (element.querySelector(".trend path")));
  }

  /**
   * @param {import("../feed.js").Item} item
   * @param {number} now
   */
  show(item, now) {
    this.isBehind = false;
    const view = priceView(this.topic, item, now);
    this.#slots.write(view);
    mark(this.element, ["state", "move"], view);
    this.element.toggleAttribute("data-long", view.price.length > LONG);
    this.#sample(item, now, true);
  }

  /**
   * What time alone changes.
   * @param {import("../feed.js").Item} item
   * @param {number} now
   * @param {boolean} isLive
   */
  tick(item, now, isLive) {
    this.#slots.write({ age: ageText(now - item.ts) });
    this.#sample(item, now, isLive);
  }

  /**
   * @param {import("../feed.js").Item} item
   * @param {number} now
   * @param {boolean} isLive
   */
  #sample(item, now, isLive) {
    this.line.add(item, now, isLive);
    if (this.isSeen) this.line.draw();
  }

  /**
   * @param {import("../feed.js").Item} before
   * @param {import("../feed.js").Item} item
   */
  flash(before, item) {
    const [one, other] = [decimal(before.data.price), decimal(item.data.price)];
    const rise = one && other ? compareDecimals(other, one) : 0;
    if (rise === 0) return;
    this.#flash?.cancel();
    this.#flash = this.#slots
      .place("price")
      ?.animate(
        { backgroundColor: [`var(--flash-${rise > 0 ? "up" : "down"})`, "transparent"] },
        FLASH_MS,
      );
  }
}

/**
 * @param {HTMLElement} element  a blank
 * @param {string} topic
 */
export function name(element, topic) {
  element.dataset.topic = topic;
  const pin = /** @type {HTMLInputElement} */ (element.querySelector("input[name=pin]"));
  pin.value = topic;
  pin.ariaLabel = `Pin ${keyOf(topic)} to the top`;
}
