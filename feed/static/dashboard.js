/**
 * The dashboard: takes over the page that the server rendered, and keeps it as the feed is.
 * Everything from outside enters the page as text (`textContent`) and in no other way; all writing
 * is done in one pass for each frame of the screen.
 */

import { Feed } from "./feed.js";
import { ageText, eventView, priceOrder, priceView, scoreOrder, scoreView } from "./view.js";

const EVENTS_SHOWN = 5;
const ANNOUNCED_AT_ONCE = 3;
const QUIET_MS = 30_000;
const AGE_MS = 10_000;
const FLASH_MS = 1_100;

const KINDS = {
  price: { view: priceView, order: priceOrder, flashes: ["price"] },
  score: { view: scoreView, order: scoreOrder, flashes: ["home_score", "away_score"] },
};
const SAYS = {
  connecting: "Connecting",
  live: "Live",
  retrying: "Reconnecting",
  stopped: "Stopped",
};

/** Attributes by which the style tells rows apart. */
const MARKS = ["state", "move", "phase", "ahead"];

const still = matchMedia("(prefers-reduced-motion: reduce)");

/** One row or card: writes only what differs from what it says already. */
class Row {
  /** @type {Map<string, {event: import("./feed.js").FeedEvent, taken: string | undefined}>} */
  events = new Map();
  #slots;
  #list;
  #kind;
  #eventsChanged = false;
  /** @type {import("./view.js").View} */
  #view = {};

  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.topic = element.dataset.topic ?? "";
    this.#kind = KINDS[kindOf(this.topic)];
    this.#slots = slotsOf(element);
    this.#list = element.querySelector(".events");
    for (const [name, slot] of this.#slots) this.#view[name] = slot.textContent ?? "";
  }

  /** @param {import("./feed.js").FeedEvent} event */
  note(event) {
    const known = this.events.get(event.id);
    if (event.op === "void") {
      const why = event.data?.why;
      this.events.set(event.id, {
        event: known?.event ?? event,
        taken: typeof why === "string" ? why : "",
      });
    } else {
      this.events.set(event.id, { event, taken: undefined });
    }
    for (const id of this.events.keys()) {
      if (this.events.size <= EVENTS_SHOWN) break;
      this.events.delete(id);
    }
    this.#eventsChanged = true;
  }

  forget() {
    this.events.clear();
    this.#eventsChanged = true;
  }

  /**
   * @param {import("./feed.js").Item} item
   * @param {number} now
   * @param {import("./feed.js").Item | undefined} shown  what it showed; undefined: no change
   */
  show(item, now, shown) {
    const view = this.#kind.view(this.topic, item, now);
    for (const [name, slot] of this.#slots) {
      if (view[name] !== this.#view[name]) slot.textContent = view[name];
    }
    for (const name of MARKS) {
      if (name in view && this.element.dataset[name] !== view[name])
        this.element.dataset[name] = view[name];
    }
    this.#view = view;
    if (shown) this.#flash(this.#kind.view(this.topic, shown, now));
    if (this.#eventsChanged) this.#showEvents();
    return view;
  }

  /** @param {import("./view.js").View} before */
  #flash(before) {
    if (still.matches) return;
    for (const name of this.#kind.flashes) {
      if (before[name] === this.#view[name]) continue;
      const tone = name === "price" ? rise(before[name], this.#view[name]) : "news";
      this.#slots
        .get(name)
        ?.animate({ backgroundColor: [`var(--flash-${tone})`, "transparent"] }, FLASH_MS);
    }
  }

  #showEvents() {
    this.#eventsChanged = false;
    const lines = [...this.events.values()].reverse().map(({ event, taken }) => {
      const line = blank("event");
      const view = eventView(event, taken, this.#view);
      for (const [name, slot] of slotsOf(line)) slot.textContent = view[name];
      line.dataset.event = event.id;
      line.dataset.kind = event.kind;
      if (taken !== undefined) line.dataset.taken = "";
      return line;
    });
    this.#list?.replaceChildren(...lines);
  }
}

/** @type {Map<string, Row>} */
const rows = new Map();
/**
 * What changed since the last paint: topic → the item as it was shown.
 * @type {Map<string, import("./feed.js").Item | undefined>}
 */
const changed = new Map();
/** @type {import("./feed.js").FeedEvent[]} */
let news = [];
let ordered = true;
let painting = false;
let ticked = false;

const start = JSON.parse(element("start").textContent ?? "{}");
for (const row of document.querySelectorAll("main [data-topic]")) {
  const known = new Row(/** @type {HTMLElement} */ (row));
  rows.set(known.topic, known);
}

const feed = new Feed({ ...start, conflateMs: 100, windowMs: 50, onStatus: showConnection });
feed.subscribe(["price:*", "score:*"], {
  onItem(topic, item, before) {
    if (!changed.has(topic)) changed.set(topic, before);
    paintSoon();
  },
  onEvent(event) {
    if (kindOf(event.topic) !== "score") return;
    news.push(event);
    paintSoon();
  },
  onReset() {
    // A goal may have been taken back in what can no longer be told.
    news = [];
    for (const row of rows.values()) row.forget();
  },
});
setInterval(() => {
  ticked = true;
  paintSoon();
}, 1_000);

function paintSoon() {
  if (painting) return;
  painting = true;
  requestAnimationFrame(() => {
    painting = false;
    paint();
  });
}

function paint() {
  const now = feed.now();
  for (const [topic, before] of changed) place(topic, before);
  for (const event of news) rows.get(event.topic)?.note(event);
  const due = ticked
    ? rows.keys()
    : new Set([...changed.keys(), ...news.map(({ topic }) => topic)]);
  for (const topic of due) {
    const item = feed.items.get(topic);
    if (item) rows.get(topic)?.show(item, now, changed.get(topic));
  }
  for (const event of news.slice(-ANNOUNCED_AT_ONCE)) announce(event);
  if (!ordered) arrange();
  if (ticked) showAge();
  changed.clear();
  news = [];
  ticked = false;
}

/**
 * See that a topic has a row if it has an item, and none if it has not.
 * @param {string} topic
 * @param {import("./feed.js").Item | undefined} before
 */
function place(topic, before) {
  const item = feed.items.get(topic);
  const { order } = KINDS[kindOf(topic)];
  if (!item) {
    rows.get(topic)?.element.remove();
    rows.delete(topic);
    ordered = false;
  } else if (!rows.has(topic)) {
    const row = blank(kindOf(topic));
    row.dataset.topic = topic;
    rows.set(topic, new Row(row));
    ordered = false;
  } else if (before && compare(order(topic, before), order(topic, item)) !== 0) {
    ordered = false;
  }
}

/** Put the rows in order, touching only those that stand wrong, and say how many there are. */
function arrange() {
  ordered = true;
  for (const [kind, { order }] of Object.entries(KINDS)) {
    const sorted = [...rows.values()]
      .filter(({ topic }) => kindOf(topic) === kind)
      .map((row) => ({ row, at: order(row.topic, /** @type {any} */ (feed.items.get(row.topic))) }))
      .sort((one, other) => compare(one.at, other.at));
    const list = element(`[data-list=${kind}]`);
    let next = list.firstElementChild;
    for (const { row } of sorted) {
      if (row.element === next) next = next.nextElementSibling;
      else list.insertBefore(row.element, next);
    }
    element(`[data-count=${kind}]`).textContent = String(sorted.length);
    element(`[data-empty=${kind}]`).hidden = sorted.length > 0;
  }
}

/**
 * Read out by screen readers, unlike the numbers that tick.
 * @param {import("./feed.js").FeedEvent} event
 */
function announce(event) {
  const item = feed.items.get(event.topic);
  if (!item) return;
  const match = scoreView(event.topic, item, feed.now());
  const { kind } = eventView(event, undefined, match);
  const line = document.createElement("p");
  const what =
    event.op === "add" ? kind : `${kind} ${event.op === "void" ? "taken back" : "corrected"}`;
  const score = `${match.home_name} ${match.home_score}, ${match.away_name} ${match.away_score}`;
  line.textContent = `${what}. ${score}.`;
  const log = element("log");
  log.append(line);
  while (log.childElementCount > ANNOUNCED_AT_ONCE) log.firstElementChild?.remove();
}

/** @param {import("./feed.js").Status} status */
function showConnection({ state, resumed, reconnects, problem }) {
  const root = document.documentElement;
  root.dataset.connection = state;
  let says = SAYS[state];
  if (state === "live" && reconnects > 0) says += resumed ? " · resumed" : " · reloaded";
  if (state === "stopped" && problem?.message) says += `: ${problem.message}`;
  const badge = element("state");
  // A status line is read out when it is written, so only news is.
  if (badge.textContent !== says) badge.textContent = says;
  showAge();
}

function showAge() {
  const { state, lastFrameAt } = feed.status;
  const silentMs = feed.now() - lastFrameAt;
  let says = "";
  if (state === "live" && silentMs < QUIET_MS) says = "up to date";
  else if (lastFrameAt)
    says = `last heard ${silentMs < AGE_MS ? "just now" : `${ageText(silentMs)} ago`}`;
  const age = element("age");
  if (age.textContent !== says) age.textContent = says;
}

/**
 * @param {string} before
 * @param {string} after
 */
function rise(before, after) {
  const plain = (/** @type {string} */ price) =>
    Number(price.replaceAll(",", "").replace("−", "-"));
  return plain(after) < plain(before) ? "down" : "up";
}

/**
 * @param {Array<string | number>} one
 * @param {Array<string | number>} other
 */
function compare(one, other) {
  for (const [place, value] of one.entries()) {
    if (value !== other[place]) return value < other[place] ? -1 : 1;
  }
  return 0;
}

/** @param {string} topic */
function kindOf(topic) {
  return /** @type {keyof typeof KINDS} */ (topic.slice(0, topic.indexOf(":")));
}

/**
 * @param {HTMLElement} root
 * @returns {Map<string, HTMLElement>}
 */
function slotsOf(root) {
  const slots = new Map();
  for (const slot of root.querySelectorAll("[data-slot]")) {
    slots.set(/** @type {HTMLElement} */ (slot).dataset.slot, slot);
  }
  return slots;
}

/** @param {string} kind */
function blank(kind) {
  const template = /** @type {HTMLTemplateElement} */ (element(`${kind}-blank`));
  return /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
}

/**
 * An element of the page that the template promises, by id or selector.
 * @param {string} name
 * @returns {HTMLElement}
 */
function element(name) {
  const found = document.getElementById(name) ?? document.querySelector(name);
  return /** @type {HTMLElement} */ (found);
}
