/**
 * What a price was, sampled. A sample without a price is a gap, in which nobody could tell: its
 * source or the server was away, or trading was halted. A price that stays the same is no gap.
 *
 * @typedef {{ts: number, price: string | null}} Sample
 */

const FASTEST_MS = 1_000;
const SILENT = new Set(["stale", "down", "halted"]);

export class Series {
  /** @type {Sample[]} In order. */
  samples = [];
  #most;
  #spanMs;

  /**
   * @param {number} most  samples
   * @param {number} spanMs  What is older is let go.
   */
  constructor(most, spanMs) {
    this.#most = most;
    this.#spanMs = spanMs;
  }

  /**
   * What was before the page was opened; what has come since stays after it.
   * @param {Sample[]} samples  in order; the last one is of now
   */
  recall(samples) {
    const since = samples.at(-2)?.ts ?? 0;
    const live = this.samples.filter(({ ts }) => ts > since);
    this.samples = [...(live.length ? samples.slice(0, -1) : samples), ...live];
  }

  /**
   * @param {import("../feed.js").Item} item
   * @param {number} now
   * @param {boolean} isLive  else the server is away, and the item may be another by now
   */
  add({ data }, now, isLive = true) {
    const isTold = isLive && typeof data.price === "string" && !SILENT.has(data.state);
    const price = isTold ? data.price : null;
    const newest = this.samples.at(-1);
    const before = this.samples.at(-2);
    if (newest && now <= newest.ts) return;
    const isSame = newest && (newest.price === null) === (price === null);
    // The newest one moves along with the clock until its second is over.
    if (isSame && before && now - before.ts < 2 * FASTEST_MS) {
      newest.ts = now;
      newest.price = price;
    } else {
      this.samples.push({ ts: now, price });
    }
    while (this.samples[0].ts < now - this.#spanMs) this.samples.shift();
    if (this.samples.length > this.#most) this.#thin();
  }

  /** Let the sample go that its neighbours stand closest around, so that all stay evenly apart. */
  #thin() {
    let [closest, place] = [Infinity, 1];
    for (let at = 1; at < this.samples.length - 1; at += 1) {
      const apart = this.samples[at + 1].ts - this.samples[at - 1].ts;
      if (apart < closest) [closest, place] = [apart, at];
    }
    this.samples.splice(place, 1);
  }
}
