/**
 * What was: asked for when it comes into sight, for many topics in one question.
 *
 * @typedef {import("./series.js").Sample} Sample
 * @typedef {{samples: Sample[], events: import("../feed.js").FeedEvent[]}} Past
 */

import { readChoices } from "./choices.js";

const NOTHING = { samples: [], events: [] };
/** What `lately` answers with. */
export const POINTS = 60;
export const SPAN_S = 1_800;
const GATHER_MS = 30;
/** Between two tries while the server is away, or has no time. */
const PAUSE_MS = 2_000;
/** What a URL holds well, and the server answers at once. */
const MOST_TOPICS = 40;

const { token } = readChoices(location.search);

/** @type {Map<string, (past: Past) => void>} */
let wanted = new Map();

/**
 * The last half hour of a topic, as small as a line in a row.
 * @param {string} topic
 * @param {() => number} delayMs
 * @returns {Promise<Past>}
 */
export function lately(topic, delayMs) {
  return new Promise((resolve) => {
    if (wanted.size === 0) setTimeout(() => askAll(delayMs()), GATHER_MS);
    wanted.set(topic, resolve);
  });
}

/**
 * @param {string} topic
 * @param {{points: number, spanS: number, delayMs: number}} how
 * @returns {Promise<Sample[]>}
 */
export async function past(topic, how) {
  const found = await ask([topic], how);
  return found?.get(topic)?.samples ?? [];
}

/** @param {number} delayMs */
async function askAll(delayMs) {
  const all = [...wanted];
  wanted = new Map();
  while (all.length) {
    const some = all.splice(0, MOST_TOPICS);
    const topics = some.map(([topic]) => topic);
    const how = { points: POINTS, spanS: SPAN_S, delayMs };
    let found = await ask(topics, how);
    for (let tries = 1; !found; tries++) {
      await pause(tries);
      found = await ask(topics, how);
    }
    for (const [topic, resolve] of some) resolve(found.get(topic) ?? NOTHING);
  }
}

/**
 * @param {string[]} topics
 * @param {{points: number, spanS: number, delayMs: number}} how
 * @returns {Promise<Map<string, Past> | null>}  without those that the server cannot tell of; null:
 *   it may answer later
 */
async function ask(topics, { points, spanS, delayMs }) {
  const found = new Map();
  const query = new URLSearchParams({
    topics: topics.join(","),
    points: String(points),
    span_s: String(spanS),
    fields: "close",
    delay_ms: String(delayMs),
    ...(token && { token }),
  });
  try {
    const answer = await fetch(`/history?${query}`);
    if (answer.status === 429 || answer.status >= 500) return null;
    const { step_ms: stepMs, to, history } = answer.ok ? await answer.json() : NOTHING_TOLD;
    for (const { topic, points: told = [], events = [] } of history)
      found.set(topic, { samples: samplesOf(told, stepMs, to), events });
  } catch {
    return null; // The server is away: the badge says so, and the page goes on with what it has.
  }
  return found;
}

/** @param {number} tries  Longer each time, up to half a minute, and not all pages at once. */
function pause(tries) {
  const ms = Math.min(15, 2 ** (tries - 1)) * PAUSE_MS * (0.5 + Math.random() / 2);
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const NOTHING_TOLD = { step_ms: 0, to: 0, history: [] };

/**
 * A point says what a price was at the end of its step; a step without one is a gap.
 * @param {Array<{ts: number, close: string}>} points
 * @param {number} stepMs
 * @param {number} to
 */
function samplesOf(points, stepMs, to) {
  const samples = [];
  let end = points[0]?.ts;
  for (const { ts, close } of points) {
    if (ts > end) samples.push({ ts: end + 1, price: null });
    end = ts + stepMs;
    samples.push({ ts: Math.min(end, to), price: close });
  }
  return samples;
}
