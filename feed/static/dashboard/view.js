/**
 * What a row or a card says: an item → texts by the name of their slot. No DOM. `web/view.py`
 * is the same on the server, so that the first paint and the live page read alike.
 *
 * @typedef {import("../feed.js").Item} Item
 * @typedef {Record<string, string>} View
 */

import {
  ageText,
  compact,
  direction,
  grouped,
  joined,
  label,
  signed,
  text,
  timeOfDay,
  weekdayAndTime,
} from "./wording.js";

const ARROWS = { up: "▲", down: "▼", flat: "" };
/** Asked with words from outside, so maps: an object would answer to `constructor` too. */
const WORDS = new Map(Object.entries({ break: "Break", post: "Final" }));
const CALLED_OFF = new Map(Object.entries({ postponed: "Postponed", abandoned: "Abandoned" }));
const COUNT = /^\d{1,9}$/;

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
  const [homeKicks, awayKicks] = kicks(data);
  const phase = text(data.phase);
  return {
    ...sourceView(ts, data, now),
    phase,
    league: text(data.league) || text(data.sport) || keyOf(topic),
    period: CALLED_OFF.get(phase) ?? (text(data.period) || (WORDS.get(phase) ?? "")),
    clock: clockText(data, now),
    title: `${home.name} – ${away.name}`,
    ahead: leader(home.score, away.score) || leader(homeKicks, awayKicks),
    home_name: home.name,
    home_abbr: home.abbr,
    home_score: home.score,
    home_kicks: homeKicks,
    away_name: away.name,
    away_abbr: away.abbr,
    away_score: away.score,
    away_kicks: awayKicks,
  };
}

/**
 * @param {import("./timeline.js").Told} told
 * @param {View} match  the view of its item
 * @returns {View}
 */
export function eventView({ event: { kind, ts, data = {} }, state, why }, match) {
  const side = data.side === "home" || data.side === "away" ? data.side : undefined;
  const score = data.penalties ?? data.score;
  return {
    clock: text(data.clock) || timeOfDay(ts),
    kind: label(text(kind)) + (data.scored === false ? " missed" : ""),
    who: joined([text(data.who), side ? match[`${side}_abbr`] : ""], ", "),
    score: Array.isArray(score) ? score.map(text).join("–") : "",
    taken:
      state === "stands" ? "" : joined([state === "taken" ? "taken back" : "corrected", why], ": "),
  };
}

/**
 * The clock is an anchor: so many milliseconds had been played `at` a moment.
 * It runs at the `rate` of a match that is simulated faster than life, else at 1.
 * @param {Record<string, any>} data
 * @param {number} now
 */
export function clockText({ phase, start, clock }, now) {
  if (phase === "pre") return typeof start === "number" ? weekdayAndTime(start) : "";
  if (phase !== "live" || typeof clock?.ms !== "number") return "";
  const rate = typeof clock.rate === "number" && clock.rate > 0 ? clock.rate : 1;
  const ticked =
    clock.running === true && typeof clock.at === "number" ? Math.max(0, now - clock.at) * rate : 0;
  const seconds = Math.floor((clock.ms + ticked) / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** @param {string} topic */
export function keyOf(topic) {
  return topic.slice(topic.indexOf(":") + 1);
}

/**
 * @param {number} ts
 * @param {Record<string, any>} data
 * @param {number} now
 */
function sourceView(ts, data, now) {
  return {
    state: text(data.state),
    age: ageText(now - ts),
    why: text(data.why),
    held: heldText(data.pinned, now),
  };
}

/**
 * Until when the admin's word stands, where it stands for a while.
 * @param {any} pinned
 * @param {number} now
 */
function heldText(pinned, now) {
  if (typeof pinned !== "object" || pinned === null) return "";
  const ends = Object.values(pinned).map((pin) => (Number.isInteger(pin?.until) ? pin.until : 0));
  const until = Math.max(0, ...ends);
  return until > now ? `by hand until ${timeOfDay(until)}` : "";
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
 * How many kicks of a shoot-out each side has scored; empty texts without one.
 * @param {Record<string, any>} data
 */
function kicks({ penalties }) {
  return Array.isArray(penalties) && penalties.length === 2 ? penalties.map(text) : ["", ""];
}

/**
 * @param {string} home
 * @param {string} away
 */
function leader(home, away) {
  if (!COUNT.test(home) || !COUNT.test(away) || Number(home) === Number(away)) return "";
  return Number(home) > Number(away) ? "home" : "away";
}
