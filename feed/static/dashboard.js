/**
 * The dashboard: takes over the page that the server rendered, and keeps it as the feed is.
 * Everything from outside enters the page as text and in no other way; all writing is done in one
 * pass for each frame of the screen, and first of what can be seen.
 */

import { announce, eventLine, stateLine } from "./dashboard/announce.js";
import { Badge } from "./dashboard/badge.js";
import { ScoreCard } from "./dashboard/card.js";
import { Chart } from "./dashboard/chart.js";
import { readChoices, writeChoices } from "./dashboard/choices.js";
import { listen, showChoices } from "./dashboard/controls.js";
import { lately } from "./dashboard/history.js";
import { List } from "./dashboard/list.js";
import { sortedPrices, sortedScores } from "./dashboard/order.js";
import { Pace } from "./dashboard/pace.js";
import { element, the } from "./dashboard/page.js";
import { PriceRow } from "./dashboard/row.js";
import { Sight } from "./dashboard/sight.js";
import { Feed } from "./feed.js";

/** @typedef {import("./feed.js").Item} Item */

const WINDOW_MS = 50;
const TICK_MS = 1_000;
const URL_MS = 300;

const still = matchMedia("(prefers-reduced-motion: reduce)");
const start = JSON.parse(element("start").textContent ?? "{}");
let choices = readChoices(location.search);

/** What changed since the last paint: topic → the item as it was shown. */
const changed = /** @type {Map<string, Item | undefined>} */ (new Map());
let news = /** @type {import("./feed.js").FeedEvent[]} */ ([]);
let isPainting = false;
let isArranged = true;
let isMoved = false;
let resets = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let urlTimer;

const feed = new Feed({
  ...start,
  token: choices.token,
  delayMs: choices.delayS * 1000,
  windowMs: WINDOW_MS,
  perPaint: true,
  onStatus: (status) => badge?.tell(status, choices.delayS),
});
const badge = new Badge(feed);
const pace = new Pace((conflateMs) => feed.set({ conflateMs }));
const sight = new Sight();
const chart = new Chart(() => choose({ chart: "" }, true), delayMs);

const prices = new List("price", feed.items, {
  make: (element) => new PriceRow(element),
  sorted: (entries, { sort, pins }) => sortedPrices(entries, sort, pins),
  told: (row, came) => follow(row, came, recallPrice),
});
const scores = new List("score", feed.items, {
  make: (element) => {
    const { topic = "" } = element.dataset;
    return new ScoreCard(element, feed.items.get(topic), start.events[topic]);
  },
  sorted: (entries, { pins }) => sortedScores(entries, pins),
  told: (card, came) => follow(card, came, recallMatch),
});
const lists = { price: prices, score: scores };

feed.subscribe(start.filters, {
  onItem(topic, _item, before) {
    if (!changed.has(topic)) changed.set(topic, before);
    paintSoon();
  },
  onEvent(event) {
    if (event.topic.startsWith("score:")) news.push(event);
    paintSoon();
  },
  onReset() {
    // A goal may have been taken back in what can no longer be told: ask for all of it anew.
    resets += 1;
    news = [];
    start.events = {};
    for (const card of scores.rows.values()) {
      card.timeline.clear();
      recallMatch(card);
    }
  },
});
badge.tell(feed.status, choices.delayS);
setInterval(tick, TICK_MS);
listen(choose, () => choices);
the("[data-list=price]").addEventListener("click", openChart);
addEventListener("popstate", () => {
  choices = readChoices(location.search);
  apply();
});
apply();

/** All that came in one turn is painted together. */
function paintSoon() {
  if (isPainting) return;
  isPainting = true;
  queueMicrotask(() => {
    isPainting = false;
    paint();
  });
}

function paint() {
  const lines = [];
  for (const [topic, before] of changed) {
    const list = lists[kindOf(topic)];
    if (list.place(topic)) isArranged = false;
    const item = feed.items.get(topic);
    const row = list.rows.get(topic);
    lines.push(stateLine(topic, before, item));
    if (!item || !row) continue;
    row.isBehind = true;
    if (row.isSeen) show(row, item, before);
  }
  for (const event of news) {
    const card = scores.rows.get(event.topic);
    const item = feed.items.get(event.topic);
    card?.timeline.add(event);
    card?.showEvents();
    if (card && item && !card.isHidden) lines.push(eventLine(event, item));
  }
  if (!isArranged) arrange();
  if (chart.topic && changed.has(chart.topic)) chart.show(feed.items.get(chart.topic), seen());
  announce(lines.filter(Boolean));
  isMoved ||= changed.size > 0;
  pace.painted(changed.size);
  changed.clear();
  news = [];
}

/**
 * @param {PriceRow | ScoreCard} row
 * @param {Item} item
 * @param {Item} [before]  what it showed, where the change may be shown too
 */
function show(row, item, before) {
  row.show(item, seen());
  if (before && !choices.still && !still.matches) row.flash(before, item);
}

/** What time alone changes, and what is out of sight and had no hurry. */
function tick() {
  const now = seen();
  const isLive = feed.status.state === "live";
  for (const list of Object.values(lists)) {
    for (const [topic, row] of list.rows) {
      const item = feed.items.get(topic);
      if (item && row.isBehind) row.show(item, now);
      else if (item) row.tick(item, now, isLive);
    }
  }
  if (chart.topic) chart.show(feed.items.get(chart.topic), now, isLive);
  if (isMoved) arrange();
  isMoved = false;
  badge.tick(pace);
}

function arrange() {
  isArranged = true;
  for (const list of Object.values(lists)) list.arrange(choices);
}

/** The moment that the page shows: behind by as much as the reader's television. */
function seen() {
  return feed.now() - delayMs();
}

function delayMs() {
  return choices.delayS * 1000;
}

/**
 * @param {Partial<import("./dashboard/choices.js").Choices>} change
 * @param {boolean} isFinal
 */
function choose(change, isFinal) {
  const was = choices;
  choices = { ...choices, ...change };
  if (!isFinal) {
    showChoices(choices);
    return;
  }
  clearTimeout(urlTimer);
  const url = writeChoices(choices) || location.pathname;
  if (choices.chart && !was.chart) history.pushState({ chart: true }, "", url);
  else if (was.chart && !choices.chart && history.state?.chart) history.back();
  // Typing into the filter is no reason to write an address for each letter.
  else urlTimer = setTimeout(() => history.replaceState(history.state, "", url), URL_MS);
  apply();
}

function apply() {
  showChoices(choices);
  arrange();
  feed.set({ delayMs: delayMs() });
  badge.tell(feed.status, choices.delayS);
  badge.tick(pace);
  if (choices.chart !== chart.topic) {
    if (choices.chart) chart.open(choices.chart, feed.items.get(choices.chart), seen());
    else chart.close();
  }
}

/** @param {MouseEvent} event */
function openChart({ target }) {
  const place = /** @type {Element} */ (target);
  const row = /** @type {HTMLElement | null} */ (place.closest("tr"));
  if (row && !place.closest("input")) choose({ chart: row.dataset.topic ?? "" }, true);
}

/**
 * @template {PriceRow | ScoreCard} R
 * @param {R} row
 * @param {boolean} came
 * @param {(row: R) => Promise<void>} recall
 */
function follow(row, came, recall) {
  if (!came) {
    sight.forget(row.element);
    return;
  }
  let isRecalled = false;
  sight.watch(row.element, (isSeen) => {
    row.isSeen = isSeen;
    if (!isSeen) return;
    const item = feed.items.get(row.topic);
    if (item) show(row, item);
    if (!isRecalled) recall(row);
    isRecalled = true;
  });
}

/** @param {PriceRow} row */
async function recallPrice(row) {
  const { samples } = await lately(row.topic, delayMs);
  row.line.recall(samples);
}

/** @param {ScoreCard} card */
async function recallMatch(card) {
  if (card.topic in start.events) return;
  const at = resets;
  const { events } = await lately(card.topic, delayMs);
  if (at !== resets) return; // it was asked for anew since
  card.timeline.recall(events);
  card.showEvents();
}

/** @param {string} topic */
function kindOf(topic) {
  return /** @type {keyof typeof lists} */ (topic.slice(0, topic.indexOf(":")));
}
