/**
 * In which order rows and cards stand, and which of them a filter leaves. `web/order.py` is the
 * same on the server. No DOM.
 *
 * @typedef {import("../feed.js").Item} Item
 * @typedef {{topic: string, item: Item}} Entry
 */

import { compareDecimals, compareText, decimal } from "./decimal.js";
import { keyOf } from "./view.js";
import { text } from "./wording.js";

export const COLUMNS = ["name", "price", "change", "bid", "ask", "low", "high", "volume", "state"];
const STATES = new Map(Object.entries({ down: 0, halted: 1, stale: 2, closed: 3, live: 4 }));
const PHASES = new Map(
  Object.entries({ live: 0, break: 0, pre: 1, post: 2, postponed: 3, abandoned: 4 }),
);

/**
 * Pinned ones first, then as `sort` says; what has no such value comes last.
 * @template {Entry} E
 * @param {E[]} entries
 * @param {string} sort  a column, after a `-` where the greatest comes first
 * @param {Set<string>} pins
 * @returns {E[]}
 */
export function sortedPrices(entries, sort, pins) {
  const column = sort.replace(/^-/, "");
  const way = sort.startsWith("-") ? -1 : 1;
  const keyed = entries.map((entry) => ({
    entry,
    name: (text(entry.item.data.name) || keyOf(entry.topic)).toLowerCase(),
    value: column === "name" ? undefined : valueOf(entry.item.data, column),
  }));
  const byName = (/** @type {any} */ one, /** @type {any} */ other) =>
    compareText(one.name, other.name) || compareText(one.entry.topic, other.entry.topic);
  keyed.sort((one, other) => {
    const first = Number(pins.has(other.entry.topic)) - Number(pins.has(one.entry.topic));
    if (first) return first;
    if (column === "name") return way * byName(one, other);
    if (!one.value || !other.value)
      return Number(!one.value) - Number(!other.value) || byName(one, other);
    return way * compareDecimals(one.value, other.value) || byName(one, other);
  });
  return keyed.map(({ entry }) => entry);
}

/**
 * Pinned ones first, then what is played, then by the start.
 * @template {Entry} E
 * @param {E[]} entries
 * @param {Set<string>} pins
 * @returns {E[]}
 */
export function sortedScores(entries, pins) {
  const startOf = (/** @type {Entry} */ { item }) =>
    typeof item.data.start === "number" ? item.data.start : 0;
  const phaseOf = (/** @type {Entry} */ { item }) => PHASES.get(text(item.data.phase)) ?? 1;
  return entries.toSorted(
    (one, other) =>
      Number(pins.has(other.topic)) - Number(pins.has(one.topic)) ||
      phaseOf(one) - phaseOf(other) ||
      startOf(one) - startOf(other) ||
      compareText(one.topic, other.topic),
  );
}

/**
 * Whether every word of a filter stands in the item's names, in whatever case.
 * @param {Entry} entry
 * @param {string} q
 */
export function isFound({ topic, item: { data } }, q) {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const names = [keyOf(topic), text(data.name), text(data.currency)];
  if (topic.startsWith("score:")) {
    const { home, away } = data;
    names.push(text(data.league), text(data.sport));
    names.push(text(home?.name), text(home?.abbr), text(away?.name), text(away?.abbr));
  }
  const line = names.join(" ").toLowerCase();
  return words.every((word) => line.includes(word));
}

/**
 * @param {Record<string, any>} data
 * @param {string} column
 */
function valueOf(data, column) {
  if (column === "state") return decimal(STATES.get(text(data.state)));
  return decimal(text(data[column === "change" ? "change_pct" : column]));
}
