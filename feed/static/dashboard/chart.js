/** The chart of one ticker, in a dialog over the page. uPlot is fetched with the first one. */

import { past } from "./history.js";
import { element, say, the } from "./page.js";
import { Series } from "./series.js";
import { Slots, mark } from "./slots.js";
import { keyOf, priceView } from "./view.js";
import { grouped, text, timeOfDay } from "./wording.js";

/** @typedef {import("../feed.js").Item} Item */

const POINTS = 400;
const SHORTEST_MS = 60_000;
const SECONDS_BELOW_MS = 600_000;

export class Chart {
  /** Whose chart is open; empty: none is. */
  topic = "";
  #dialog = /** @type {HTMLDialogElement} */ (element("chart"));
  #place = element("chart-plot");
  #slots = new Slots(this.#dialog);
  #series = new Series(0, 0);
  /** @type {any} */
  #plot = null;
  /** @type {any} */
  #UPlot = null;
  #spanS = 0;

  #delayMs;

  /**
   * @param {() => void} closed  by the reader
   * @param {() => number} delayMs
   */
  constructor(closed, delayMs) {
    this.#delayMs = delayMs;
    this.#dialog.addEventListener("close", () => this.topic && closed());
    this.#dialog.addEventListener("click", ({ target }) => {
      // What is beside it is its backdrop, which belongs to it.
      if (target === this.#dialog) this.#dialog.close();
    });
    the("fieldset", this.#dialog).addEventListener("change", () => {
      this.#begin();
      this.#recall();
    });
    new ResizeObserver(() => this.#plot?.setSize(this.#size())).observe(this.#place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  /**
   * @param {string} topic
   * @param {Item | undefined} item  undefined: there is no such item, or not yet
   * @param {number} now
   */
  async open(topic, item, now) {
    this.topic = topic;
    this.#begin();
    const [name, detail] = [element("chart-name"), element("chart-detail")];
    say(name, text(item?.data.name) || keyOf(topic));
    say(detail, item ? priceView(topic, item, now).detail : "");
    this.show(item, now);
    if (!this.#dialog.open) this.#dialog.showModal();
    await this.#recall();
  }

  /** As far back as the reader chose. */
  #begin() {
    const chosen = /** @type {HTMLInputElement} */ (the(":checked", this.#dialog));
    this.#spanS = Number(chosen.value);
    this.#series = new Series(POINTS, this.#spanS * 1000);
  }

  async #recall() {
    const series = this.#series;
    const how = { points: POINTS, spanS: this.#spanS, delayMs: this.#delayMs() };
    const [{ default: UPlot }, samples] = await Promise.all([
      import("../vendor/uplot/uPlot.esm.js"),
      past(this.topic, how),
    ]);
    if (series !== this.#series || !this.topic) return;
    series.recall(samples);
    this.#UPlot = UPlot;
    this.#draw();
  }

  close() {
    this.topic = "";
    this.#dialog.close();
    this.#plot?.destroy();
    this.#plot = null;
  }

  /**
   * @param {Item | undefined} item
   * @param {number} now
   * @param {boolean} isLive
   */
  show(item, now, isLive = true) {
    if (!item) {
      this.#slots.write({ price: "–", state: "gone", why: "there is no such ticker now" });
      return;
    }
    const view = priceView(this.topic, item, now);
    this.#slots.write(view);
    mark(this.#dialog, ["state", "move"], view);
    this.#series.add(item, now, isLive);
    this.#plot?.setData(this.#columns());
  }

  /** From nothing, as colours are drawn and cannot be changed by a style. */
  #draw() {
    if (!this.topic || !this.#UPlot) return;
    this.#plot?.destroy();
    const stroke = (/** @type {string} */ part) =>
      getComputedStyle(the(`.${part}`, this.#place)).color;
    const axis = {
      stroke: stroke("axis"),
      grid: { stroke: stroke("grid"), width: 1 },
      ticks: { stroke: stroke("grid"), width: 1 },
      font: `12px ${getComputedStyle(this.#dialog).fontFamily}`,
    };
    const options = {
      ...this.#size(),
      ms: 1,
      legend: { show: false },
      scales: {
        x: {
          range: (/** @type {any} */ _, /** @type {number} */ from, /** @type {number} */ to) => [
            Math.min(from, to - SHORTEST_MS),
            to,
          ],
        },
      },
      series: [
        {},
        {
          stroke: stroke("line"),
          width: 1.75,
          points: { show: false },
          // A price holds until the next one.
          paths: this.#UPlot.paths.stepped({ align: 1 }),
        },
      ],
      axes: [
        { ...axis, space: 90, values: times },
        { ...axis, size: 80, values: prices },
      ],
      cursor: { y: false, drag: { x: true, y: false } },
      hooks: { setCursor: [(/** @type {any} */ plot) => this.#read(plot.cursor.idx)] },
    };
    this.#plot = new this.#UPlot(options, this.#columns(), this.#place);
  }

  /** @param {number | null} place  of the sample under the pointer */
  #read(place) {
    const sample = place === null ? undefined : this.#series.samples[place];
    const at = sample && timeOfDay(sample.ts, "2-digit");
    say(
      element("chart-read"),
      sample ? `${at}  ${sample.price === null ? "no word" : grouped(sample.price)}` : "",
    );
  }

  #columns() {
    const { samples } = this.#series;
    return [
      samples.map(({ ts }) => ts),
      samples.map(({ price }) => (price === null ? null : Number(price))),
    ];
  }

  #size() {
    return { width: this.#place.clientWidth, height: this.#place.clientHeight };
  }
}

/**
 * The reader's time of day.
 * @param {unknown} _plot
 * @param {number[]} marks
 */
function times(_plot, marks) {
  const isShort = (marks.at(-1) ?? 0) - marks[0] < SECONDS_BELOW_MS;
  const second = isShort ? /** @type {const} */ ("2-digit") : undefined;
  return marks.map((mark) => timeOfDay(mark, second));
}

/**
 * @param {unknown} _plot
 * @param {number[]} marks
 * @returns {string[]}  all with as many digits as the finest needs
 */
function prices(_plot, marks) {
  const digits = Math.max(
    ...marks.map((mark) => (/\.(\d+)$/.exec(String(mark))?.[1] ?? "").length),
  );
  return marks.map((mark) => grouped(mark.toFixed(Math.min(digits, 10))));
}
