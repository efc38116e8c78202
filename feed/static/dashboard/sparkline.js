/** A small line of what a price did lately. Its numbers end as pixels, so doubles will do. */

import { POINTS, SPAN_S } from "./history.js";
import { Series } from "./series.js";

const WIDTH = 100;
const HEIGHT = 24;
const EDGE = 2;

export class Sparkline {
  #series = new Series(POINTS, SPAN_S * 1000);
  #path;
  #drawn = "";

  /** @param {SVGPathElement} path */
  constructor(path) {
    this.#path = path;
  }

  /** @param {import("./series.js").Sample[]} samples */
  recall(samples) {
    this.#series.recall(samples);
    this.draw();
  }

  /**
   * Not drawn by itself: a line that nobody sees costs nothing.
   * @param {import("../feed.js").Item} item
   * @param {number} now
   * @param {boolean} isLive
   */
  add(item, now, isLive) {
    this.#series.add(item, now, isLive);
  }

  draw() {
    const line = path(this.#series.samples);
    if (line === this.#drawn) return;
    this.#drawn = line;
    this.#path.setAttribute("d", line);
  }
}

/** @param {import("./series.js").Sample[]} samples */
function path(samples) {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || first === last) return "";
  const values = samples.map(({ price }) => (price === null ? NaN : Number(price)));
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  let line = "";
  let isDrawing = false;
  for (const [place, value] of values.entries()) {
    if (Number.isFinite(value)) {
      const x = ((samples[place].ts - first.ts) / (last.ts - first.ts)) * WIDTH;
      const share = high === low ? 0.5 : (high - value) / (high - low);
      const y = EDGE + share * (HEIGHT - 2 * EDGE);
      line += `${isDrawing ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    }
    isDrawing = Number.isFinite(value);
  }
  return line;
}
