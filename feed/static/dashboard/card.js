/** One match: its score, its clock, and what happened. */

import { blank, say, the } from "./page.js";
import { Slots, mark } from "./slots.js";
import { Timeline } from "./timeline.js";
import { clockText, eventView, scoreView } from "./view.js";
import { ageText } from "./wording.js";

const SHOWN = 4;
const FLASH_MS = 1_600;
const SCORES = ["home_score", "away_score"];

export class ScoreCard {
  isSeen = false;
  isBehind = false;
  timeline = new Timeline();
  #slots;
  #events;
  #more;
  #isWhole = false;
  #start = 0;
  /** @type {import("./view.js").View} */
  #view = {};

  /**
   * @param {HTMLElement} element
   * @param {import("../feed.js").Item | undefined} item
   * @param {import("../feed.js").FeedEvent[]} [events]  that are written in it
   */
  constructor(element, item, events = []) {
    this.element = element;
    this.topic = element.dataset.topic ?? "";
    this.#slots = new Slots(element);
    this.#events = the(".events", element);
    for (const [name, says] of this.#slots.says()) this.#view[name] = says;
    this.#more = the(".more", element);
    this.timeline.recall(events);
    if (item) this.#start = startOf(item);
    this.#more.addEventListener("click", () => {
      this.#isWhole = !this.#isWhole;
      this.showEvents();
    });
    the(".reveal", element).addEventListener("click", () => {
      element.dataset.shown = "";
    });
  }

  /** The reader hides scores, and has not asked for this one. */
  get isHidden() {
    return "hide" in document.documentElement.dataset && !("shown" in this.element.dataset);
  }

  /**
   * @param {import("../feed.js").Item} item
   * @param {number} now
   */
  show(item, now) {
    this.isBehind = false;
    this.#view = scoreView(this.topic, item, now);
    this.#slots.write(this.#view);
    mark(this.element, ["state", "phase", "ahead"], this.#view);
    const start = startOf(item);
    if (start === this.#start) return;
    this.#start = start;
    this.showEvents();
  }

  /**
   * @param {import("../feed.js").Item} item
   * @param {number} now
   */
  tick(item, now) {
    this.#slots.write({ age: ageText(now - item.ts), clock: clockText(item.data, now) });
  }

  /**
   * @param {import("../feed.js").Item} before
   * @param {import("../feed.js").Item} item
   */
  flash(before, item) {
    if (this.isHidden) return;
    const [was, is] = [before, item].map((each) => scoreView(this.topic, each, 0));
    for (const score of SCORES) {
      if (was[score] === is[score]) continue;
      this.#slots
        .place(score)
        ?.animate({ backgroundColor: ["var(--flash-news)", "transparent"] }, FLASH_MS);
    }
  }

  showEvents() {
    const all = this.timeline.newest(this.#start);
    const lines = (this.#isWhole ? all : all.slice(0, SHOWN)).map((told) => {
      const line = blank("event");
      new Slots(line).write(eventView(told, this.#view));
      line.dataset.event = told.event.id;
      line.dataset.kind = told.event.kind;
      if (told.state === "taken") line.dataset.taken = "";
      return line;
    });
    this.#events.replaceChildren(...lines);
    this.#more.hidden = all.length <= SHOWN;
    if (this.#more.hidden) return;
    this.#more.ariaExpanded = String(this.#isWhole);
    say(this.#more, this.#isWhole ? "Only the newest" : `All ${all.length} events`);
  }
}

/** @param {import("../feed.js").Item} item */
function startOf({ data }) {
  return typeof data.start === "number" ? data.start : 0;
}
