/**
 * What an operator typed → a change, as `POST /admin/inject` takes it. No DOM.
 *
 * @typedef {{v: number, data: Record<string, any>}} Item
 * @typedef {{path: string, message: string}} Fault
 * @typedef {{id: string, op: string, kind: string, data: Record<string, any>}} Standing
 * @typedef {object} Basis  What the change is built on.
 * @property {Item | undefined} item  The topic's, as it is now.
 * @property {number} v  The version that the operator began with.
 * @property {number} at  When the clock was read, ms.
 * @property {Standing | undefined} event  The one that is corrected or taken back.
 */

const TOPIC = /^(price|score):[A-Za-z0-9._\-/^=@]{1,64}$/;
const WHOLE = /^\d{1,9}$/;
const CLOCK = /^(\d{1,3})(?::([0-5]\d))?$/;

/** Kinds of events that move a score. */
const GOALS = new Set(["goal", "own_goal", "penalty"]);

/**
 * A topic in its full form; empty where the text is none.
 * @param {string} text
 * @param {string} kind  That of a name without one.
 */
export function topicOf(text, kind) {
  const topic = text.includes(":") ? text : `${kind === "price" ? "price" : "score"}:${text}`;
  return TOPIC.test(topic) ? topic : "";
}

/**
 * @param {string} kind
 * @param {Record<string, string>} values  By the names of the form's fields.
 * @param {Basis} basis
 * @returns {{change: Record<string, any>, faults: Fault[]}}
 */
export function changeOf(kind, values, basis) {
  /** @type {Fault[]} */
  const faults = [];
  const topic = topicOf(values.topic, kind);
  if (!topic) faults.push({ path: "topic", message: values.topic ? "no topic" : "which topic?" });
  const change = { topic, ...FORMS[kind](values, basis, faults) };
  if (change.set && Object.keys(change.set).length === 0) delete change.set;
  if (!change.set && !change.event) faults.push({ path: "", message: "nothing is changed yet" });
  if (values.pin && change.set && kind !== "event") change.pin_s = Number(values.pin);
  if (values.why) change.why = values.why;
  if (values.guard) change.if_v = basis.v;
  return { change, faults };
}

/** @type {Record<string, (values: Record<string, string>, basis: Basis, faults: Fault[]) => any>} */
const FORMS = {
  price: (values) => ({ set: given(values, ["price", "bid", "ask", "state"]) }),
  score: scoreOf,
  event: eventOf,
};

/**
 * @param {Record<string, string>} values
 * @param {Basis} basis
 * @param {Fault[]} faults
 */
function scoreOf(values, basis, faults) {
  const set = given(values, ["phase", "period"]);
  for (const side of ["home", "away"]) {
    const text = values[`${side}_score`];
    if (!text) continue;
    if (WHOLE.test(text)) set[side] = { score: Number(text) };
    else faults.push({ path: `set.${side}.score`, message: "a whole number" });
  }
  if (values.clock || values.running) {
    const clock = clockOf(values, basis, faults);
    if (clock) set.clock = clock;
  }
  return { set };
}

/**
 * The anchor of a clock: so much was played at a moment, and whether it goes on.
 * @param {Record<string, string>} values
 * @param {Basis} basis
 * @param {Fault[]} faults
 */
function clockOf(values, basis, faults) {
  const now = basis.item?.data.clock ?? {};
  const form = CLOCK.exec(values.clock);
  if (values.clock && !form) {
    faults.push({ path: "set.clock", message: "minutes and seconds, 67:12" });
    return undefined;
  }
  const ms = form ? (Number(form[1]) * 60 + Number(form[2] ?? 0)) * 1000 : played(now, basis.at);
  const running = values.running ? values.running === "on" : now.running === true;
  return { ms, at: basis.at, running };
}

/**
 * @param {Record<string, any>} clock
 * @param {number} now
 */
function played(clock, now) {
  const ms = Number.isSafeInteger(clock.ms) ? clock.ms : 0;
  const rate = typeof clock.rate === "number" ? clock.rate : 1;
  return clock.running === true ? ms + Math.max(0, Math.round((now - clock.at) * rate)) : ms;
}

/**
 * @param {Record<string, string>} values
 * @param {Basis} basis
 * @param {Fault[]} faults
 */
function eventOf(values, basis, faults) {
  const { event: known } = basis;
  if (values.op !== "add" && !known) {
    faults.push({ path: "event.id", message: "which event?" });
    return {};
  }
  if (values.op === "void") return voidOf(values, basis, /** @type {Standing} */ (known));
  if (!values.event_kind) faults.push({ path: "event.kind", message: "what happened?" });
  const told = { side: values.side, who: values.who, clock: values.event_clock };
  const data = { ...(values.op === "amend" ? known?.data : {}) };
  for (const [name, text] of Object.entries(told)) {
    if (text) data[name] = text;
    else delete data[name];
  }
  const event = { op: values.op, kind: values.event_kind, data };
  if (values.op === "amend") return { event: { ...event, id: known?.id } };
  const moved = values.move_score ? movedScore(basis.item, values.side, 1) : undefined;
  if (moved) data.score = moved.score;
  return { set: moved?.set, event };
}

/**
 * @param {Record<string, string>} values
 * @param {Basis} basis
 * @param {Standing} known
 */
function voidOf(values, basis, known) {
  const moved = values.move_score ? movedScore(basis.item, known.data.side, -1) : undefined;
  /** @type {Record<string, any>} */
  const data = {};
  if (values.void_why) data.why = values.void_why;
  if (moved) data.score = moved.score;
  return { set: moved?.set, event: { op: "void", id: known.id, data } };
}

/**
 * The patch that moves one side's score, and both scores after it.
 * @param {Item | undefined} item
 * @param {string} side
 * @param {number} by
 */
function movedScore(item, side, by) {
  if (side !== "home" && side !== "away") return undefined;
  const now = { home: scoreNow(item, "home"), away: scoreNow(item, "away") };
  now[side] = Math.max(0, now[side] + by);
  return { set: { [side]: { score: now[side] } }, score: [now.home, now.away] };
}

/**
 * @param {Item | undefined} item
 * @param {string} side
 */
export function scoreNow(item, side) {
  const score = item?.data[side]?.score;
  return Number.isSafeInteger(score) ? score : 0;
}

/**
 * Whether an event of a kind moves the score of a side.
 * @param {string} kind
 * @param {unknown} side
 */
export function moves(kind, side) {
  return GOALS.has(kind) && (side === "home" || side === "away");
}

/**
 * @param {Record<string, string>} values
 * @param {string[]} names
 * @returns {Record<string, any>}
 */
function given(values, names) {
  return Object.fromEntries(names.filter((name) => values[name]).map((name) => [name, values[name]]));
}
