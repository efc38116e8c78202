/**
 * The admin page: looks at the server every second and a half while it is seen, and hands what it
 * hears to its panels. Each of them writes only what differs, so that focus and half-typed words
 * stay.
 */

import { call, NoAnswer, Refusal } from "./api.js";
import { Audit } from "./audit.js";
import { Connections } from "./connections.js";
import { Desk } from "./desk.js";
import { element, make, say, show } from "./dom.js";
import { Pins } from "./pins.js";
import { Sources } from "./sources.js";
import { Trace } from "./trace.js";
import { grouped, size, span } from "./words.js";

const LOOK_MS = 1_500;
const STAY_MS = 60_000;
const WARN_MS = 5 * 60_000;
const FORGOTTEN_MS = 10_000;

/** @type {Map<string, number>} Instances that answer here, and when each did last. */
const instances = new Map();
let ahead = 0; // of the server's clock, ms
let looking = false;
let stayedAt = performance.now();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let next;

const now = () => Date.now() + ahead;
const take = (/** @type {string} */ topic) => desk.take(topic);
const audit = new Audit({ now, take, done: look });
const pins = new Pins({ now, take, done: look });
const sources = new Sources({ now });
const connections = new Connections();
const desk = new Desk({ now, undo: (cursor) => audit.undo(cursor), sent: look });
new Trace();

const facts = element("facts");
const said = new Map();

/** Ask for everything that is shown, and again after a while. */
async function look() {
  if (looking || document.visibilityState === "hidden") return;
  looking = true;
  clearTimeout(next);
  const parts = [showState(), sources.refresh(), connections.refresh(), audit.refresh(), pins.refresh(), desk.refresh()];
  const failed = (await Promise.allSettled(parts)).find(({ status }) => status === "rejected");
  touch(failed && /** @type {PromiseRejectedResult} */ (failed).reason);
  showSession();
  looking = false;
  next = setTimeout(look, LOOK_MS);
}

/**
 * Whether what is shown is so.
 * @param {unknown} error
 */
function touch(error) {
  let state = "good";
  let words = "In touch";
  if (error instanceof NoAnswer) [state, words] = ["bad", "No answer from the server"];
  else if (error instanceof Refusal && error.status === 401) [state, words] = ["bad", "Signed out"];
  else if (error instanceof Refusal) [state, words] = ["bad", error.message];
  else if (error) {
    [state, words] = ["bad", "This page has failed: reload it"];
    reportError(error);
  }
  element("touch").dataset.state = state;
  say(element("touch-words"), words);
  if (!error && !element("signed-out").hidden) renew(); // in another tab, whose session is this page's too
}

async function showState() {
  const { json: state } = await call("GET", "/admin/state");
  ahead = state.now - Date.now();
  instances.set(state.instance, performance.now());
  for (const [name, heardAt] of instances)
    if (performance.now() - heardAt > FORGOTTEN_MS) instances.delete(name);
  const { topics, subscribers, behind, ws, sse } = state.counts;
  fact("Log head", grouped(state.head));
  fact("Holds", `${grouped(state.head - state.first + 1)} entries, ${size(state.size_bytes)}`);
  fact("Durable", state.durable ? "yes" : "no: an answer may be lost", state.durable ? "good" : "warn");
  fact("Sources run on", state.leader ?? "no instance", state.leader ? "" : "warn");
  fact(instances.size > 1 ? `Instances (${instances.size})` : "Instance", [...instances.keys()].sort().join(", "));
  fact("Topics", grouped(topics));
  fact("Subscribers here", `${grouped(subscribers)} (${grouped(ws)} ws, ${grouped(sse)} sse)`);
  fact("Being caught up", grouped(behind), behind ? "warn" : "");
}

/**
 * @param {string} name
 * @param {string} words
 */
function fact(name, words, tone = "") {
  const key = name.startsWith("Instance") ? "Instance" : name;
  if (!said.has(key)) {
    const [term, told] = [make("dt"), make("dd")];
    facts.append(make("div", {}, term, told));
    said.set(key, [term, told]);
  }
  const [term, told] = said.get(key);
  say(term, name);
  say(told, words);
  told.dataset.tone = tone;
}

// ---- the session ----

const session = element("session");

/** Warn before it ends. */
function showSession() {
  const { ends, idleEnds } = session.dataset;
  const leftMs = Number(idleEnds) * 1000 - now();
  const why = ends === idleEnds ? "after twelve hours" : "unless you do something";
  say(session, leftMs > 0 && leftMs < WARN_MS ? `Signed out in ${span(leftMs)} ${why}` : "");
}

/** Somebody is there: the server is told, once a minute. */
async function stay() {
  if (performance.now() - stayedAt < STAY_MS) return;
  stayedAt = performance.now();
  await renew();
}

async function renew() {
  try {
    const { json } = await call("POST", "/admin/session");
    session.dataset.ends = json.ends;
    session.dataset.idleEnds = json.idle_ends;
    document.querySelector("[name=csrf]")?.setAttribute("value", json.csrf);
    show(element("signed-out"), false);
    showSession();
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof NoAnswer)) throw error;
  }
}

addEventListener("signed-out", () => show(element("signed-out"), true));
for (const act of ["keydown", "pointerdown"]) addEventListener(act, stay, { passive: true });
document.addEventListener("visibilitychange", look);
for (const back of ["focus", "online"]) addEventListener(back, look);
look();
