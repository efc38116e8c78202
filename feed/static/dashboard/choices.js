/**
 * What a reader chose to see, as the page's URL says it. `web/choices.py` reads the same URL for
 * the first paint. A value that makes no sense is as if it were not there.
 *
 * @typedef {object} Choices
 * @property {string} sort  A column, after a `-` where the greatest comes first.
 * @property {string} q  The filter.
 * @property {Set<string>} pins  Topics.
 * @property {number} delayS  How far the reader's television is behind.
 * @property {string} theme  `light`, `dark` or empty: as the system.
 * @property {boolean} hide  Scores are hidden.
 * @property {boolean} still  Nothing flashes.
 * @property {boolean} big  Type for a wall.
 * @property {string} chart  The topic whose chart is open, or empty.
 * @property {string} token  What opens a feed that is not public, or empty.
 */

import { COLUMNS } from "./order.js";

const LONGEST_DELAY_S = 120;

/**
 * @param {string} search  of a URL
 * @returns {Choices}
 */
export function readChoices(search) {
  const query = new URLSearchParams(search);
  /** @param {string} name */
  const last = (name) => query.getAll(name).filter(Boolean).at(-1) ?? "";
  const sort = last("sort");
  const delayS = /^\d{1,3}$/.test(last("delay")) ? Number(last("delay")) : 0;
  const theme = last("theme");
  return {
    sort: COLUMNS.includes(sort.replace(/^-/, "")) ? sort : "name",
    q: last("q"),
    pins: new Set(
      query
        .getAll("pin")
        .flatMap((each) => each.split(","))
        .filter(Boolean)
        .map(long),
    ),
    delayS: delayS <= LONGEST_DELAY_S ? delayS : 0,
    theme: theme === "light" || theme === "dark" ? theme : "",
    hide: last("hide") !== "",
    still: last("still") !== "",
    big: last("big") !== "",
    chart: last("chart") && long(last("chart")),
    token: last("token"),
  };
}

/**
 * Nothing that is as it is by default, so that links stay short.
 * @param {Choices} choices
 * @returns {string}  empty, or from the `?` on
 */
export function writeChoices({ sort, q, pins, delayS, theme, hide, still, big, chart, token }) {
  const query = new URLSearchParams();
  if (q) query.set("q", q);
  if (sort !== "name") query.set("sort", sort);
  if (pins.size) query.set("pin", [...pins].map(short).join(","));
  if (delayS) query.set("delay", String(delayS));
  if (hide) query.set("hide", "1");
  if (still) query.set("still", "1");
  if (big) query.set("big", "1");
  if (theme) query.set("theme", theme);
  if (chart) query.set("chart", short(chart));
  if (token) query.set("token", token);
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return text && `?${text}`;
}

/**
 * A name without a kind is a price (protocol section 1).
 * @param {string} name
 */
function long(name) {
  return name.includes(":") ? name : `price:${name}`;
}

/** @param {string} topic */
function short(topic) {
  return topic.startsWith("price:") ? topic.slice(6) : topic;
}
