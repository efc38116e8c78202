/**
 * What happened in a match. What was taken back stays, and says so.
 *
 * @typedef {import("../feed.js").FeedEvent} FeedEvent
 * @typedef {object} Told
 * @property {FeedEvent} event  As it stands now, or as it stood; its time is when it was first told.
 * @property {"stands" | "amended" | "taken"} state
 * @property {string} why  It was changed; may be empty.
 */

const KEPT = 60;

export class Timeline {
  /** @type {Map<string, Told>} In the order in which they were first told. */
  #told = new Map();
  /** @type {FeedEvent[]} What came live, to be told again after an older past. */
  #live = [];

  /**
   * @param {number} start  of the match; what was before is of one that was played earlier
   * @returns {Told[]} newest first
   */
  newest(start) {
    return [...this.#told.values()].filter(({ event }) => event.ts >= start).reverse();
  }

  /** @param {FeedEvent} event */
  add(event) {
    this.#live.push(event);
    if (this.#live.length > KEPT) this.#live.shift();
    this.#note(event);
  }

  /**
   * What was before the page was opened; what has come since stays after it.
   * @param {FeedEvent[]} events  in their order
   */
  recall(events) {
    this.#told.clear();
    for (const event of [...events, ...this.#live]) this.#note(event);
  }

  clear() {
    this.#told.clear();
    this.#live = [];
  }

  /** @param {FeedEvent} event */
  #note(event) {
    const known = this.#told.get(event.id)?.event;
    const why = typeof event.data?.why === "string" ? event.data.why : "";
    const now = { ...event, ts: known?.ts ?? event.ts };
    if (event.op === "void") this.#told.set(event.id, { event: known ?? event, state: "taken", why });
    else if (event.op === "amend") this.#told.set(event.id, { event: now, state: "amended", why });
    else this.#told.set(event.id, { event: now, state: "stands", why: "" });
    for (const id of this.#told.keys()) {
      if (this.#told.size <= KEPT) break;
      this.#told.delete(id);
    }
  }
}
