/**
 * What a row or a card says: an item → texts by the name of their slot. No DOM. `web/view.py`
 * is the same on the server, so that the first paint and the live page read alike.
 *
 * @typedef {import("./feed.js").Item} Item
 * @typedef {Record<string, string>} View
 */

const ARROWS = { up: "▲", down: "▼", flat: "" };
/** Asked with words from outside, so maps: an object would answer to `constructor` too. */
const WORDS = new Map(Object.entries({ break: "Break", post: "Final" }));
const CALLED_OFF = new Map(Object.entries({ postponed: "Postponed", abandoned: "Abandoned" }));
const ORDER = new Map(
  Object.entries({ live: 0, break: 0, pre: 1, post: 2, postponed: 3, abandoned: 4 }),
);
const UNITS = ["", "K", "M", "B", "T"];
const COUNT = /^\d{1,9}$/;
const MINUTE_MS = 60_000;

/**
 * @param {string} topic
 * @param {Item} item
 * @param {number} now  the server's clock, ms
 * @returns {View}
 */
export function priceView(topic, { ts, data }, now) {
  const name = text(data.name);
  const key = keyOf(topic);
  const change = text(data.change);
  const percent = text(data.change_pct);
  const move = direction(change);
  return {
    ...sourceView(ts, data, now),
    move,
    name: name || key,
    detail: joined([name && key, text(data.currency)], " · "),
    price: grouped(text(data.price)) || "–",
    arrow: ARROWS[move],
    change: signed(change),
    percent: percent && `${signed(percent)}%`,
    bid: grouped(text(data.bid)),
    ask: grouped(text(data.ask)),
    low: grouped(text(data.low)),
    high: grouped(text(data.high)),
    volume: compact(text(data.volume)),
  };
}

/**
 * @param {string} topic
 * @param {Item} item
 * @param {number} now  the server's clock, ms
 * @returns {View}
 */
export function scoreView(topic, { ts, data }, now) {
  const home = sideView(data.home, "Home");
  const away = sideView(data.away, "Away");
  const phase = text(data.phase);
  return {
    ...sourceView(ts, data, now),
    phase,
    league: text(data.league) || text(data.sport) || keyOf(topic),
    period: CALLED_OFF.get(phase) ?? (text(data.period) || (WORDS.get(phase) ?? "")),
    clock: clockText(data, now),
    title: `${home.name} – ${away.name}`,
    ahead: leader(home.score, away.score),
    home_name: home.name,
    home_abbr: home.abbr,
    home_score: home.score,
    away_name: away.name,
    away_abbr: away.abbr,
    away_score: away.score,
  };
}

/**
 * @param {import("./feed.js").FeedEvent} event
 * @param {string | undefined} taken  why it was taken back; undefined: it stands
 * @param {View} match  the view of its item
 * @returns {View}
 */
export function eventView({ kind, ts, data = {} }, taken, match) {
  const side = data.side === "home" || data.side === "away" ? data.side : undefined;
  return {
    clock: text(data.clock) || timeOfDay(ts),
    kind: label(text(kind)),
    who: joined([text(data.who), side ? match[`${side}_abbr`] : ""], ", "),
    score: Array.isArray(data.score) ? data.score.map(text).join("–") : "",
    taken: taken === undefined ? "" : joined(["taken back", taken], ": "),
  };
}

/**
 * By name, as it is read.
 * @param {string} topic
 * @param {Item} item
 * @returns {Array<string | number>}
 */
export function priceOrder(topic, { data }) {
  return [(text(data.name) || keyOf(topic)).toLowerCase(), topic];
}

/**
 * What is played comes first, then by the start.
 * @param {string} topic
 * @param {Item} item
 * @returns {Array<string | number>}
 */
export function scoreOrder(topic, { data }) {
  return [ORDER.get(text(data.phase)) ?? 1, typeof data.start === "number" ? data.start : 0, topic];
}

/**
 * How long ago, coarse enough to be calm.
 * @param {number} ms
 */
export function ageText(ms) {
  if (ms < 10_000) return "now";
  if (ms < MINUTE_MS) return `${Math.floor(ms / 10_000) * 10} s`;
  if (ms < 60 * MINUTE_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < 48 * 60 * MINUTE_MS) return `${Math.floor(ms / (60 * MINUTE_MS))} h`;
  return `${Math.floor(ms / (24 * 60 * MINUTE_MS))} d`;
}

/**
 * @param {number} ts
 * @param {Record<string, any>} data
 * @param {number} now
 */
function sourceView(ts, data, now) {
  return { state: text(data.state), age: ageText(now - ts), why: text(data.why) };
}

/**
 * @param {any} side
 * @param {string} fallback
 */
function sideView(side, fallback) {
  const abbr = text(side?.abbr);
  return { name: text(side?.name) || abbr || fallback, abbr, score: text(side?.score) || "–" };
}

/**
 * The clock is an anchor: so many milliseconds had been played `at` a moment.
 * It runs at the `rate` of a match that is simulated faster than life, else at 1.
 * @param {Record<string, any>} data
 * @param {number} now
 */
function clockText({ phase, start, clock }, now) {
  if (phase === "pre") return typeof start === "number" ? weekdayAndTime(start) : "";
  if (phase !== "live" || typeof clock?.ms !== "number") return "";
  const rate = typeof clock.rate === "number" && clock.rate > 0 ? clock.rate : 1;
  const ticked =
    clock.running === true && typeof clock.at === "number" ? Math.max(0, now - clock.at) * rate : 0;
  const seconds = Math.floor((clock.ms + ticked) / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** @param {number} ms */
function weekdayAndTime(ms) {
  const options = /** @type {const} */ ({ weekday: "short", hour: "2-digit", minute: "2-digit" });
  return new Date(ms).toLocaleString([], options);
}

/** @param {number} ms */
function timeOfDay(ms) {
  return new Date(ms).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/**
 * @param {string} home
 * @param {string} away
 */
function leader(home, away) {
  if (!COUNT.test(home) || !COUNT.test(away) || Number(home) === Number(away)) return "";
  return Number(home) > Number(away) ? "home" : "away";
}

/** @param {string} change */
function direction(change) {
  if (!/[1-9]/.test(change)) return "flat";
  return change.startsWith("-") ? "down" : "up";
}

/**
 * Thousands apart, and a minus as wide as a plus. What is no plain decimal stays as it is.
 * @param {string} decimal
 */
function grouped(decimal) {
  const form = /^(-?)(\d+)(\.\d+)?$/.exec(decimal);
  if (!form) return decimal;
  const [, sign, whole, fraction = ""] = form;
  return (sign && "−") + whole.replace(/\B(?=(\d{3})+$)/g, ",") + fraction;
}

/** @param {string} decimal */
function signed(decimal) {
  return (direction(decimal) === "up" && /^\d/.test(decimal) ? "+" : "") + grouped(decimal);
}

/**
 * From five digits on four and a unit, cut off, never rounded up.
 * @param {string} decimal
 */
function compact(decimal) {
  const form = /^(\d+)(\.\d+)?$/.exec(decimal);
  if (!form) return decimal;
  const [, whole, fraction = ""] = form;
  if (whole.length <= 4) return grouped(whole + fraction.slice(0, whole === "0" ? undefined : 3));
  const unit = Math.min(Math.floor((whole.length - 1) / 3), UNITS.length - 1);
  const head = whole.slice(0, whole.length - 3 * unit);
  const tail = whole.slice(head.length, Math.max(4, head.length));
  return `${grouped(head)}${tail && `.${tail}`} ${UNITS[unit]}`;
}

/** @param {string} kind */
function label(kind) {
  const words = kind.replaceAll("_", " ");
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

/** @param {string} topic */
function keyOf(topic) {
  return topic.slice(topic.indexOf(":") + 1);
}

/**
 * @param {string[]} parts
 * @param {string} between
 */
function joined(parts, between) {
  return parts.filter(Boolean).join(between);
}

/**
 * A text or a number as it was sent; anything else says nothing here.
 * @param {unknown} value
 */
function text(value) {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}
