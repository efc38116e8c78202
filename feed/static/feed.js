/**
 * The feed's client: items and events of topics, over a WebSocket that heals itself.
 *
 *     const feed = new Feed();
 *     feed.subscribe(["BTC-USD", "score:EPL.*"], {
 *       onItem: (topic, item) => show(topic, item?.data),
 *       onEvent: (event) => announce(event),
 *     });
 *
 * It speaks protocol version 1 and keeps its promise across cuts, restarts and rotations: it comes
 * back with the cursor of the last frame that it applied, and sees every event once and in order.
 *
 * @typedef {{v: number, ts: number, data: Record<string, any>}} Item  A topic's state. Never
 *   changed in place: a change makes a new one.
 * @typedef {{topic: string, id: string, op: "add" | "amend" | "void", kind: string, ts: number,
 *   data?: Record<string, any>}} FeedEvent
 * @typedef {object} Handlers
 * @property {(topic: string, item: Item | undefined, before: Item | undefined) => void} [onItem]
 *   The item is new or has changed; undefined: the topic is gone. Also called once for each
 *   item that is known when the subscription begins.
 * @property {(event: FeedEvent) => void} [onEvent]  After the items of the same frame.
 * @property {(reason: string) => void} [onReset]  Events in between can no longer be told; a
 *   snapshot follows and replaces the items.
 * @typedef {object} Status
 * @property {"connecting" | "live" | "retrying" | "stopped"} state  `stopped` is for good.
 * @property {boolean} resumed  The newest connection went on exactly where the last frame left off.
 * @property {number} reconnects  Connections after the first.
 * @property {number} gaps  Faults of the server that a fresh snapshot had to repair.
 * @property {number} lastFrameAt  When anything was last heard, ms on the server's clock; 0: never.
 * @property {{code: string | number, message: string} | null} problem  Why it stopped, or what the
 *   server last refused.
 */

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 30_000;
const STABLE_MS = 30_000;
const CONNECT_MS = 10_000;
const PROBE_MS = 4_000;
const HEARTBEATS_MISSED = 2.5;

/** Close codes after which a client does not come back by itself (protocol section 5). */
const FINAL_CODES = new Set([4400, 4401, 4403, 4429]);

export class Feed {
  /** @type {Map<string, Item>} The current items; to be read, not written. */
  items = new Map();

  #url;
  /** @type {{conflate_ms?: number, window_ms?: number}} */
  #options = {};
  #onStatus;
  /** @type {Omit<Status, "lastFrameAt">} */
  #status = { state: "connecting", resumed: false, reconnects: 0, gaps: 0, problem: null };

  /** @type {Set<{filters: Filters, handlers: Handlers}>} */
  #subscriptions = new Set();
  #wanted = new Filters([]);

  /** The place in the log that `items` stand at; empty: none. */
  #cursor;
  /** @type {Set<string>} The filters that the cursor vouches for. */
  #vouched = new Set();

  /** @type {WebSocket | null} The connection whose frames are applied. */
  #socket = null;
  /** @type {WebSocket | null} The one that is to take its place. */
  #opening = null;
  /** @type {Set<string>} Filters asked for on this connection. */
  #asked = new Set();
  /** @type {Set<string>} Filters that the server says are in force on it. */
  #inForce = new Set();
  /** @type {Array<any>} Items of the snapshot parts that have come so far. */
  #parts = [];
  #started = false;
  #commands = 0;
  /** Id of the subscribe that carried the cursor; 0: none did. */
  #resumeId = 0;
  #welcomes = 0;
  #leaving = false;

  #attempts = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #watchTimer;
  #patienceMs = CONNECT_MS;
  #heardAt = 0;
  #liveAt = Infinity;
  #probedUntil = Infinity;
  #offset = -Infinity;

  /**
   * @param {object} [options]
   * @param {string | URL} [options.url]  The `/ws` door; by default of the server of this module.
   * @param {string} [options.cursor]  With `items`: what `/snapshot` answered for the topics
   *   that are subscribed to at first. The feed goes on from there instead of asking for it again.
   * @param {Iterable<Item & {topic: string}>} [options.items]
   * @param {number} [options.now]  The server's clock when it wrote them, ms.
   * @param {number} [options.conflateMs]  An item changes at most once in this time.
   * @param {number} [options.windowMs]  How long the server may gather what it sends, nothing
   *   merged: a latency that can be spared makes its work lighter.
   * @param {(status: Status) => void} [options.onStatus]
   */
  constructor({ url, cursor = "", items = [], now, conflateMs = 0, windowMs = 0, onStatus } = {}) {
    this.#url = socketUrl(url ?? new URL("/ws", import.meta.url));
    if (conflateMs) this.#options.conflate_ms = conflateMs;
    if (windowMs) this.#options.window_ms = windowMs;
    this.#onStatus = onStatus;
    this.#cursor = cursor;
    for (const { topic, v, ts, data } of items)
      this.items.set(topic, { v, ts, data: merge({}, data) });
    if (now !== undefined) this.#setClock(now);
    addEventListener("online", this.#look);
    addEventListener("pageshow", this.#look);
    document.addEventListener("visibilitychange", this.#look);
  }

  /**
   * Follow topics and prefixes (`BTC-USD`, `price:BTC-USD`, `score:EPL.*`, `*`). The connection
   * opens after the current task, so that all subscriptions made in it travel together.
   * @param {string[]} filters
   * @param {Handlers} handlers
   * @returns {() => void} ends the subscription
   */
  subscribe(filters, handlers) {
    const subscription = { filters: new Filters(filters), handlers };
    this.#subscriptions.add(subscription);
    this.#want();
    queueMicrotask(() => {
      for (const [topic, item] of this.items) {
        if (subscription.filters.match(topic)) attempt(handlers.onItem, topic, item, undefined);
      }
      if (this.#started) this.#sync();
      else this.#start();
    });
    return () => {
      if (!this.#subscriptions.delete(subscription)) return;
      this.#want();
      this.#sync();
    };
  }

  /** End it for good. */
  close() {
    this.#stop(null);
  }

  /** @returns {Status} */
  get status() {
    const silentMs = performance.now() - this.#heardAt;
    return { ...this.#status, lastFrameAt: this.#heardAt && this.now() - silentMs };
  }

  /** The server's clock, ms since the epoch, as well as it is known. */
  now() {
    return this.#offset === -Infinity ? Date.now() : performance.now() + this.#offset;
  }

  // ---- the connection ----

  #start() {
    this.#started = true;
    if (this.#cursor) this.#vouched = new Set(this.#wanted.names);
    if (this.#status.state !== "stopped") this.#open();
  }

  #open() {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    const socket = new WebSocket(this.#url);
    this.#opening = socket;
    const overdue = setTimeout(() => this.#ended(socket), CONNECT_MS);
    socket.onopen = () => {
      clearTimeout(overdue);
      this.#begin(socket);
    };
    socket.onclose = ({ code, reason }) => {
      clearTimeout(overdue);
      this.#ended(socket, code, reason);
    };
  }

  /**
   * From here on the new connection has the cursor. One that the server said goodbye to was applied
   * from until this moment, so that nothing is missing and nothing comes twice.
   * @param {WebSocket} socket
   */
  #begin(socket) {
    if (this.#socket) letGo(this.#socket);
    this.#socket = socket;
    this.#opening = null;
    socket.onmessage = ({ data }) => this.#hear(data);
    this.#settle();
    this.#parts = [];
    this.#commands = 0;
    this.#leaving = false;
    this.#patienceMs = CONNECT_MS;
    this.#probedUntil = Infinity;
    this.#heardAt = performance.now();
    this.#watch();

    const held = this.#cursor ? this.#wanted.names.filter((name) => this.#vouched.has(name)) : [];
    this.#asked = new Set(held);
    this.#inForce = new Set();
    this.#resumeId = 0;
    if (held.length)
      this.#resumeId = this.#send("subscribe", { topics: held, cursor: this.#cursor });
    else this.#forget();
    this.#sync();
  }

  /**
   * A connection is over, or must be: told by the browser, or found dead or faulty by us.
   * @param {WebSocket} socket
   */
  #ended(socket, code = 0, reason = "") {
    if (socket !== this.#socket && socket !== this.#opening) return;
    letGo(socket);
    if (socket === this.#opening) this.#opening = null;
    else this.#socket = null;
    if (FINAL_CODES.has(code)) return this.#stop({ code, message: reason });
    if (this.#leaving && !this.#socket) return this.#stop({ code: code || "bye", message: reason });
    if (!this.#opening && this.#retryTimer === undefined) this.#retry();
    if (!this.#socket) {
      clearTimeout(this.#watchTimer);
      this.#say({ state: "retrying" });
    }
  }

  #retry(atLeastMs = 0) {
    this.#settle();
    // Full jitter: after a restart everybody comes back, and not at the same moment.
    const ceiling = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.#attempts++);
    this.#openIn(atLeastMs + Math.random() * ceiling);
  }

  /** A connection that was live for long enough has made good for the failures before it. */
  #settle() {
    if (performance.now() - this.#liveAt > STABLE_MS) this.#attempts = 0;
    this.#liveAt = Infinity;
  }

  /** @param {number} delayMs */
  #openIn(delayMs) {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#open(), delayMs);
  }

  /** @param {Status["problem"]} problem */
  #stop(problem) {
    for (const socket of [this.#socket, this.#opening]) if (socket) letGo(socket);
    this.#socket = this.#opening = null;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#watchTimer);
    removeEventListener("online", this.#look);
    removeEventListener("pageshow", this.#look);
    document.removeEventListener("visibilitychange", this.#look);
    this.#say({ state: "stopped", problem });
  }

  /** One timer for all frames: it looks when it rings, and sets itself to what is left. */
  #watch() {
    clearTimeout(this.#watchTimer);
    const deadline = Math.min(this.#heardAt + this.#patienceMs, this.#probedUntil);
    const leftMs = deadline - performance.now();
    if (leftMs > 0) this.#watchTimer = setTimeout(() => this.#watch(), leftMs);
    else if (this.#socket) this.#ended(this.#socket);
  }

  /** The network, the page or the tab is back: do not wait for a timer that slept meanwhile. */
  #look = () => {
    if (document.visibilityState === "hidden") return;
    if (this.#socket) {
      this.#probedUntil = Math.min(this.#probedUntil, performance.now() + PROBE_MS);
      this.#send("ping", { at: Math.round(performance.now()) });
      this.#watch();
    } else if (this.#retryTimer !== undefined) {
      this.#open();
    }
  };

  // ---- what is asked for ----

  #want() {
    const names = new Set();
    for (const { filters } of this.#subscriptions)
      for (const name of filters.names) names.add(name);
    this.#wanted = new Filters(names);
  }

  /** Tell the server what is wanted beyond, or no longer of, what it was asked for. */
  #sync() {
    const wanted = new Set(this.#wanted.names);
    const dropped = [...this.#asked].filter((name) => !wanted.has(name));
    for (const name of dropped) this.#vouched.delete(name);
    for (const topic of this.items.keys()) if (!this.#wanted.match(topic)) this.items.delete(topic);
    if (!this.#socket) return;
    const added = this.#wanted.names.filter((name) => !this.#asked.has(name));
    if (added.length) this.#send("subscribe", { topics: added });
    if (dropped.length) this.#send("unsubscribe", { topics: dropped });
    this.#asked = wanted;
  }

  /**
   * @param {string} type
   * @param {object} fields
   */
  #send(type, fields) {
    const id = ++this.#commands;
    const options = type === "subscribe" ? this.#options : {};
    this.#socket?.send(JSON.stringify({ type, id, ...fields, ...options }));
    return id;
  }

  /** Nothing that is held can be built upon: what comes next is a snapshot. */
  #forget() {
    this.#cursor = "";
    this.#vouched.clear();
    this.#parts = [];
  }

  // ---- frames ----

  /** @param {string} text */
  #hear(text) {
    this.#heardAt = performance.now();
    this.#probedUntil = Infinity;
    try {
      this.#receive(JSON.parse(text));
    } catch (error) {
      this.#broken("bad_frame", String(error));
    }
  }

  /** @param {any} frame */
  #receive(frame) {
    if (frame.type === "welcome") this.#offset = -Infinity;
    const now = frame.now ?? frame.pt;
    if (now !== undefined) this.#setClock(now);
    switch (frame.type) {
      case "welcome":
        this.#patienceMs = frame.heartbeat_ms * HEARTBEATS_MISSED;
        this.#watch();
        this.#say({ reconnects: this.#welcomes++, problem: null });
        break;
      case "subscribed":
        this.#inForce = new Set(frame.topics);
        for (const refused of frame.rejected ?? []) this.#say({ problem: refused });
        if (frame.id === this.#resumeId) {
          if (frame.resumed) this.#live(true);
          else this.#forget();
        }
        break;
      case "reset":
        this.#forget();
        for (const { handlers } of this.#subscriptions) attempt(handlers.onReset, frame.reason);
        break;
      case "snapshot":
        this.#snapshot(frame);
        break;
      case "update":
        this.#update(frame);
        break;
      case "heartbeat":
        this.#cursor = frame.cursor;
        break;
      case "bye":
        this.#cursor = frame.cursor;
        if (frame.reconnect) this.#openIn(frame.after_ms);
        else this.#leaving = true;
        break;
      case "error":
        this.#say({ problem: { code: frame.code, message: frame.message } });
        if (frame.retry) this.#again(frame.retry_after_ms);
        break;
      // A type that this version does not know is ignored.
    }
  }

  /**
   * The parts are laid aside until the last, so that a cut between two of them leaves items and
   * cursor as they were: of one moment.
   * @param {any} frame
   */
  #snapshot(frame) {
    this.#parts.push(...frame.items);
    if (frame.more) return;
    const vouched = new Filters(this.#vouched);
    const present = new Set();
    const changes = [];
    for (const { topic, v, ts, data } of this.#parts) {
      if (!this.#wanted.match(topic)) continue;
      present.add(topic);
      changes.push(this.#put(topic, { v, ts, data: merge({}, data) }));
    }
    for (const topic of this.items.keys()) {
      if (!present.has(topic) && !vouched.match(topic)) changes.push(this.#put(topic, undefined));
    }
    this.#parts = [];
    this.#cursor = frame.cursor;
    this.#vouched = new Set([...this.#inForce].filter((name) => this.#asked.has(name)));
    this.#tell(changes, []);
    this.#live(vouched.names.length > 0 && this.#status.resumed);
  }

  /** @param {any} frame */
  #update(frame) {
    const changes = [];
    let gap = "";
    for (const { topic, v, ts, set, data, merged = 1, gone } of frame.items ?? []) {
      if (!this.#wanted.match(topic)) continue;
      const had = this.items.get(topic);
      if (gone) {
        changes.push(this.#put(topic, undefined));
      } else if (data) {
        changes.push(this.#put(topic, { v, ts, data: merge({}, data) }));
      } else if (had && v === had.v + merged) {
        changes.push(this.#put(topic, { v, ts, data: merge(had.data, set) }));
      } else {
        gap = `${topic}: version ${v} (${merged} merged) after ${had?.v ?? "none"}`;
      }
    }
    this.#cursor = frame.cursor;
    this.#tell(changes, frame.events ?? []);
    if (gap) this.#broken("gap", gap);
  }

  /**
   * The server broke the promise: say so, and begin anew with a snapshot.
   * @param {string} code
   * @param {string} message
   */
  #broken(code, message) {
    this.#forget();
    this.#say({ gaps: this.#status.gaps + 1, problem: { code, message } });
    this.#again();
  }

  /** Come back after a pause, on a new connection. */
  #again(atLeastMs = 0) {
    if (!this.#opening) this.#retry(atLeastMs);
    if (this.#socket) this.#ended(this.#socket);
  }

  /** @param {boolean} resumed */
  #live(resumed) {
    this.#liveAt = Math.min(this.#liveAt, performance.now());
    this.#say({ state: "live", resumed });
  }

  /**
   * @param {string} topic
   * @param {Item | undefined} item
   * @returns {[string, Item | undefined, Item | undefined]}
   */
  #put(topic, item) {
    const before = this.items.get(topic);
    if (item) this.items.set(topic, item);
    else this.items.delete(topic);
    return [topic, item, before];
  }

  /**
   * @param {Array<[string, Item | undefined, Item | undefined]>} changes
   * @param {FeedEvent[]} events
   */
  #tell(changes, events) {
    for (const { filters, handlers } of this.#subscriptions) {
      for (const change of changes) {
        if (filters.match(change[0])) attempt(handlers.onItem, ...change);
      }
      for (const event of events) {
        if (filters.match(event.topic)) attempt(handlers.onEvent, event);
      }
    }
  }

  /** @param {Partial<Status>} change */
  #say(change) {
    Object.assign(this.#status, change);
    attempt(this.#onStatus, this.status);
  }

  /**
   * The largest difference is the one that travelled fastest. Against the page's own steady clock,
   * which never jumps and may fall behind only (asleep), so that the next sample sets it right.
   * @param {number} now
   */
  #setClock(now) {
    this.#offset = Math.max(this.#offset, now - performance.now());
  }
}

/** Topics and prefixes, in their full form. */
class Filters {
  #topics = new Set();
  /** @type {string[]} */
  #prefixes = [];

  /** @param {Iterable<string>} names */
  constructor(names) {
    /** @type {string[]} */
    this.names = Array.from(names, (name) =>
      name === "*" || name.includes(":") ? name : `price:${name}`,
    );
    for (const name of this.names) {
      if (name.endsWith("*")) this.#prefixes.push(name.slice(0, -1));
      else this.#topics.add(name);
    }
  }

  /** @param {string} topic */
  match(topic) {
    return this.#topics.has(topic) || this.#prefixes.some((prefix) => topic.startsWith(prefix));
  }
}

/**
 * RFC 7396. Objects come without a prototype, so that `__proto__` is a name like any other.
 * @param {any} state
 * @param {any} patch
 * @returns {any}
 */
export function merge(state, patch) {
  if (!isObject(patch)) return patch;
  const merged = Object.assign(Object.create(null), isObject(state) ? state : {});
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = merge(merged[name], value);
  }
  return merged;
}

/** @param {unknown} value */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {string | URL} url */
function socketUrl(url) {
  const socket = new URL(url, document.baseURI);
  socket.protocol = socket.protocol.replace("http", "ws");
  return socket.href;
}

/**
 * Hear nothing more from a connection, whatever it still has to say.
 * @param {WebSocket} socket
 */
function letGo(socket) {
  socket.onopen = socket.onmessage = socket.onclose = null;
  socket.close();
}

/**
 * A handler's fault is the page's to see, and none of the feed's.
 * @param {((...args: any[]) => void) | undefined} handler
 * @param {any[]} args
 */
function attempt(handler, ...args) {
  try {
    handler?.(...args);
  } catch (error) {
    reportError(error);
  }
}
