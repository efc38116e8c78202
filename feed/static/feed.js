// SPDX-License-Identifier: Apache-2.0
/**
 * The feed's client: items and events of topics, over a connection that heals itself. What every
 * name promises is in feed.d.ts, what is sent in docs/protocol.md.
 *
 * `Feed` leads from link to link and tells the page; `Ladder` decides which transport is next, and
 * when; `State` knows what is held, and what a frame makes of it; `WsLink`, `SseLink` and
 * `PollLink` carry frames, and know nothing of what they mean; `Painter` waits for the screen.
 */

const KINDS = ["ws", "sse", "poll"];
const RANGES = { delayMs: 600_000, conflateMs: 60_000, windowMs: 1_000 };

const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 30_000;
const STABLE_MS = 30_000;
const CLIMB_MIN_MS = 10_000;
const CLIMB_MAX_MS = 300_000;
const CONNECT_MS = 5_000;
const PROBE_MS = 4_000;
const HEARTBEATS_MISSED = 2.5;
const CATCH_UP_MS = 3_000;
const POLL_WAIT_S = 25;
const POLL_WINDOW_MS = 200;
const HIDDEN_MS = 10_000;
const HIDDEN_CONFLATE_MS = 2_000;
const HIDDEN_PAINT_MS = 1_000;

/** Close codes with which it would go the same again (protocol section 5). */
const FINAL_CODES = [1009, 4400, 4401, 4403, 4429];
/** Those of a server that is there. */
const ORDERLY_CODES = [1001, 1012, 1013, 4408];

export class Feed {
  #state = new State();
  items = this.#state.items;

  #base;
  #ladder;
  #options = { delayMs: 0, conflateMs: 0, windowMs: 0 };
  #token;
  #perPaint;
  #page;
  #status = {
    state: "connecting",
    resumed: false,
    resumedAfterMs: 0,
    caughtUp: 0,
    reconnects: 0,
    lost: 0,
    lagMs: null,
    problem: null,
  };
  #subscriptions = new Set();
  /** Topics that the server does not serve. */
  #refused = new Set();
  #started = false;
  #listening = new AbortController();

  /** The link whose frames are applied. */
  #link = null;
  /** The one that is to take its place. */
  #next = null;
  /** Frames of `#link` since `#next` has asked with the cursor: they count if that fails. */
  #kept = null;
  #leaving = false;
  #hidden = false;

  #timers = { retry: 0, overdue: 0, watch: 0, climb: 0, hide: 0 };
  #patienceMs = CONNECT_MS;
  #heardAt = 0;
  #liveAt = Infinity;
  #brokenAt = 0;
  #probedUntil = Infinity;
  #joinedAt = -Infinity;
  /** Server's clock less this page's steady one, which never jumps. */
  #offset = -Infinity;

  constructor({ url, token = "", cursor = "", items = [], now, perPaint, onStatus, ...options } = {}) {
    this.#base = baseOf(url ?? new URL("..", import.meta.url));
    this.#ladder = new Ladder(`feed:${this.#base}`);
    this.#token = token;
    this.#perPaint = perPaint;
    this.#page = { onStatus };
    this.#choose(options);
    this.#state.begin(cursor, items);
    if (now !== undefined) this.#setClock(now);
    const { signal } = this.#listening;
    for (const name of ["online", "offline", "pageshow", "pagehide"])
      addEventListener(name, this.#look, { signal });
    document.addEventListener("visibilitychange", this.#look, { signal });
  }

  subscribe(filters, handlers) {
    const told = this.#perPaint ? new Painter(handlers) : handlers;
    const subscription = { filters: new Filters(filters), handlers: told };
    this.#subscriptions.add(subscription);
    this.#want();
    queueMicrotask(() => {
      if (!this.#subscriptions.has(subscription)) return;
      for (const [topic, item] of this.items) {
        if (subscription.filters.match(topic)) attempt(told, "onItem", topic, item, undefined);
      }
      this.#sync();
    });
    return () => {
      if (!this.#subscriptions.delete(subscription)) return;
      if (told instanceof Painter) told.close();
      this.#want();
      queueMicrotask(() => this.#sync());
    };
  }

  set(options) {
    this.#choose(options);
    queueMicrotask(() => this.#sync());
  }

  close() {
    this.#stop(null);
  }

  get status() {
    return {
      ...this.#status,
      transport: (this.#link ?? this.#ladder).kind,
      merged: this.#state.merged,
      lastFrameAt: this.#heardAt && this.now() - (performance.now() - this.#heardAt),
    };
  }

  now() {
    return this.#offset === -Infinity ? Date.now() : performance.now() + this.#offset;
  }

  get #renews() {
    return typeof this.#token === "function";
  }

  // ---- what is asked for ----

  #choose(options) {
    for (const [name, most] of Object.entries(RANGES)) {
      const value = options[name] ?? this.#options[name];
      if (!Number.isInteger(value) || value < 0 || value > most)
        throw new RangeError(`${name}: expected an integer from 0 to ${most}`);
      this.#options[name] = value;
    }
  }

  #want() {
    const names = new Set();
    for (const { filters } of this.#subscriptions)
      for (const name of filters.names) names.add(name);
    this.#state.wanted = new Filters(names);
    this.#refused.clear();
  }

  #inForce() {
    const { delayMs, conflateMs, windowMs } = this.#options;
    return {
      conflate_ms: this.#hidden ? Math.max(conflateMs, HIDDEN_CONFLATE_MS) : conflateMs,
      window_ms: windowMs,
      delay_ms: delayMs,
    };
  }

  #sync() {
    if (this.#status.state === "stopped") return;
    const names = this.#state.wanted.names.filter((name) => !this.#refused.has(name));
    if (!this.#started && names.length) this.#state.vouch();
    this.#started ||= names.length > 0;
    this.#state.prune();
    const link = this.#link;
    if (!names.length) {
      this.#rest();
      return this.#say({ state: "connecting" });
    }
    if (!link) return this.#next || this.#timers.retry || this.#open();
    const { asked } = this.#next?.why === "change" ? this.#next : link;
    const options = this.#inForce();
    const added = names.filter((name) => !asked.names.has(name));
    const dropped = [...asked.names].filter((name) => !names.includes(name));
    const changed = Object.keys(options).some((name) => options[name] !== asked.options[name]);
    if (!added.length && !dropped.length && !changed) return;
    if (this.#kept) {
      this.#drop();
      this.#climbLater();
    }
    if (link.change(added, dropped, changed && options))
      link.asked = { names: new Set(names), options };
    else this.#open(link.kind, "change");
  }

  /** What a link asks for when it asks now; from then on only its frames count. */
  #ask(link) {
    const options = this.#inForce();
    const ask = this.#state.ask((name) => !this.#refused.has(name));
    link.asked = { names: new Set([...ask.topics, ...ask.also]), options };
    if (link === this.#next && this.#link && !link.isTrial) this.#kept ??= [];
    return { ...ask, options };
  }

  // ---- from link to link ----

  /** @param why  "connect"; "climb" to a better transport; "change" of what is asked for */
  #open(kind = this.#ladder.kind, why = "connect", isTrial = false) {
    this.#clear("retry");
    this.#drop();
    const link = new LINKS[kind](this.#base, {
      ask: () => this.#ask(link),
      hear: (frame) => this.#hear(link, frame),
      over: (end) => this.#over(link, end),
      token: () => (this.#renews ? this.#token() : this.#token),
    });
    Object.assign(link, { why, isTrial });
    this.#next = link;
    this.#after("overdue", link.patienceMs, () => this.#over(link, { isSilent: true }));
    link.open();
  }

  /** Give up the link that was to come. */
  #drop() {
    this.#clear("overdue");
    this.#next?.close();
    this.#next = null;
    const kept = this.#kept ?? [];
    this.#kept = null;
    for (const said of kept) this.#receive(said);
  }

  /**
   * A link speaks that was to come: it takes the place of the one before, whose frames were
   * applied up to the moment when it asked. So nothing is missing and nothing comes twice.
   */
  #adopt(link) {
    this.#clear("overdue", "retry", "watch");
    this.#link?.close();
    this.#settle();
    this.#link = link;
    this.#next = this.#kept = null;
    this.#leaving = false;
    this.#patienceMs = link.patienceMs;
    this.#probedUntil = Infinity;
    this.#state.join();
    const again = this.#ladder.hasWorked && link.why !== "change";
    this.#ladder.worked(link.kind);
    this.#say({ reconnects: this.#status.reconnects + (again ? 1 : 0), problem: null });
    this.#climbLater();
    link.begin();
    this.#sync();
  }

  /** A link is over, or must be: told by its transport, or found dead or faulty by us. */
  #over(link, end) {
    const isNext = link === this.#next;
    if (!isNext && link !== this.#link) return;
    const { code = "network", message = "" } = end;
    const problem = message ? { code, message } : this.#status.problem;
    const isClimb = isNext && link.why === "climb" && this.#link;
    const isFinal = FINAL_CODES.includes(code) && !(code === 4401 && this.#renews);
    const topics = end.topics?.filter((name) => this.#state.wanted.names.includes(name)) ?? [];
    if (isFinal && !isClimb) return this.#stop({ code, message });
    link.close();
    if (isNext) {
      this.#drop();
      if (isClimb) return this.#climb(KINDS.indexOf(link.kind) + 1);
    } else {
      this.#brokenAt = end.isSilent ? this.#heardAt : performance.now();
      this.#link = null;
      this.#settle();
      this.#clear("watch", "climb");
      if (this.#leaving) return this.#stop({ code, message: message || "it took leave" });
    }
    if (topics.length) {
      this.#say({ problem });
      return this.#refuse(topics);
    }
    const pauseMs = isNext ? this.#ladder.failed(end) : this.#ladder.ended(end);
    if (!this.#next && !this.#timers.retry) this.#openIn(pauseMs);
    const isBroken = !this.#link && (this.#ladder.hasWorked || pauseMs > 0);
    this.#say(isBroken ? { state: "retrying", problem } : { problem });
  }

  #refuse(topics) {
    for (const topic of topics) {
      this.#refused.add(topic);
      this.#link?.asked.names.delete(topic);
    }
    this.#sync();
  }

  #openIn(pauseMs) {
    this.#after("retry", pauseMs, () => this.#open());
  }

  /** A link that was live for long makes good for failures before it. */
  #settle() {
    if (performance.now() - this.#liveAt > STABLE_MS) this.#ladder.settle();
    this.#liveAt = Infinity;
  }

  #rest() {
    this.#kept = null;
    this.#drop();
    this.#link?.close();
    this.#link = null;
    this.#clear("retry", "watch", "climb");
  }

  #stop(problem) {
    this.#rest();
    this.#clear("hide");
    this.#listening.abort();
    this.#say({ state: "stopped", problem });
  }

  // ---- better transports ----

  #climbLater() {
    this.#clear("climb");
    if (!this.#ladder.isOnTop) this.#after("climb", this.#ladder.climbMs(), () => this.#climb(0));
  }

  /** Try a better transport, beside the one that works. */
  #climb(rung) {
    const isBusy = !this.#link || this.#next || this.#timers.retry || document.hidden;
    if (isBusy || KINDS[rung] === this.#link.kind) this.#climbLater();
    else this.#open(KINDS[rung], "climb", KINDS[rung] !== "ws");
  }

  // ---- silence, and what the page tells ----

  /** One timer for all frames: it looks when it rings, and sets itself to what is left. */
  #watch() {
    const deadline = Math.min(this.#heardAt + this.#patienceMs, this.#probedUntil);
    const leftMs = deadline - performance.now();
    if (leftMs > 0) this.#after("watch", leftMs, () => this.#watch());
    else if (this.#link)
      this.#over(this.#link, { isSilent: true, isProbed: deadline === this.#probedUntil });
  }

  /** Network, page or tab comes or goes: do not wait for a timer that sleeps. */
  #look = ({ type }) => {
    if (type === "pagehide") return this.#sleep();
    this.#clear("hide");
    if (document.hidden) return this.#after("hide", HIDDEN_MS, () => this.#hide(true));
    if (this.#hidden) this.#hide(false);
    if (!this.#link) return this.#timers.retry && type !== "offline" && this.#open();
    if (type === "online") this.#ladder.isEager = true;
    const isQuiet = performance.now() - this.#heardAt > this.#patienceMs / HEARTBEATS_MISSED;
    if (this.#link.probe()) {
      this.#probedUntil = Math.min(this.#probedUntil, performance.now() + PROBE_MS);
      this.#watch();
    } else if (isQuiet || type !== "visibilitychange") {
      this.#open(this.#link.kind, "change");
    }
    if (!this.#next && this.#ladder.isEager) this.#climbLater();
  };

  /** With open connections a page cannot be kept by the browser, to be gone back to. */
  #sleep() {
    if (!this.#link && !this.#next) return;
    this.#brokenAt = performance.now();
    this.#rest();
    this.#openIn(this.#ladder.pauseMs());
    this.#say({ state: "retrying" });
  }

  #hide(hidden) {
    this.#hidden = hidden;
    this.#sync();
  }

  #after(name, ms, act) {
    this.#clear(name);
    this.#timers[name] = setTimeout(() => {
      this.#timers[name] = 0;
      act();
    }, ms);
  }

  #clear(...names) {
    for (const name of names) {
      clearTimeout(this.#timers[name]);
      this.#timers[name] = 0;
    }
  }

  // ---- frames ----

  #hear(link, said) {
    if (link === this.#next) {
      if (link.isTrial) return this.#open(link.kind, "climb"); // it works: now with the cursor
      this.#adopt(link);
    }
    this.#heardAt = performance.now();
    this.#probedUntil = Infinity;
    if (!this.#timers.watch) this.#watch();
    if (this.#kept) this.#kept.push(said);
    else this.#receive(said);
  }

  #receive(said) {
    try {
      this.#apply(typeof said === "string" ? JSON.parse(said) : said);
    } catch (error) {
      this.#broken("bad_frame", String(error));
    }
  }

  #apply(frame) {
    if (frame.type === "welcome") this.#offset = -Infinity;
    const now = frame.now ?? frame.pt;
    if (now !== undefined) this.#setClock(now);
    switch (frame.type) {
      case "welcome":
        this.#patienceMs = frame.heartbeat_ms * HEARTBEATS_MISSED;
        this.#watch();
        break;
      case "subscribed":
        for (const problem of frame.rejected ?? []) this.#say({ problem });
        if (frame.rejected?.length) this.#refuse(frame.rejected.map(({ topic }) => topic));
        break;
      case "bye":
        if (frame.reconnect) this.#openIn(frame.after_ms);
        else this.#leaving = true;
        break;
      case "error":
        this.#say({ problem: { code: frame.code, message: frame.message } });
        if (frame.retry) this.#again({ afterMs: frame.retry_after_ms });
        break;
    }
    this.#tell(frame, this.#state.apply(frame));
  }

  #tell(frame, { changes, events, reset, gap, isLive }) {
    if (reset) this.#lose(reset);
    for (const { filters, handlers } of this.#subscriptions) {
      for (const change of changes) {
        if (filters.match(change[0])) attempt(handlers, "onItem", ...change);
      }
      for (const event of events) {
        if (filters.match(event.topic)) attempt(handlers, "onEvent", event);
      }
    }
    if (isLive) this.#live();
    if (frame.pt) this.#count(frame);
    if (gap) this.#broken("gap", gap);
  }

  #live() {
    if (!this.#link) return;
    this.#liveAt = Math.min(this.#liveAt, performance.now());
    const { hasResumed: resumed } = this.#state;
    if (this.#link.why !== "change") this.#say({ state: "live", resumed, ...this.#joined() });
    else if (this.#status.state !== "live") this.#say({ state: "live" });
  }

  #joined() {
    if (this.#link.isJoined) return {};
    this.#link.isJoined = true;
    this.#joinedAt = performance.now();
    const awayMs = this.#brokenAt && Math.round(this.#joinedAt - this.#brokenAt);
    this.#brokenAt = 0;
    return { resumedAfterMs: this.#state.hasResumed ? awayMs : 0, caughtUp: 0 };
  }

  /** What is older than the resume was missed. */
  #count({ pt, items = [], events = [] }) {
    this.#status.lagMs = Math.max(0, Math.round(this.now() - pt));
    const sinceMs = performance.now() - this.#joinedAt;
    if (sinceMs > CATCH_UP_MS || !this.#state.hasResumed) return;
    const at = this.now() - sinceMs - this.#options.delayMs;
    const missed = [...items, ...events].filter(({ ts }) => ts <= at).length;
    if (missed) this.#say({ caughtUp: this.#status.caughtUp + missed });
  }

  /** The server broke the promise: say so, and begin anew with a snapshot. */
  #broken(code, message) {
    this.#kept = null;
    this.#drop();
    this.#state.forget();
    this.#say({ problem: { code, message } });
    this.#lose(code);
    this.#again({});
  }

  /** Come back after a pause, on a new link. */
  #again(end) {
    if (this.#link) this.#over(this.#link, { isOrderly: true, ...end });
  }

  #lose(reason) {
    this.#status.lost += 1;
    for (const { handlers } of this.#subscriptions) attempt(handlers, "onReset", reason);
  }

  #say(change) {
    Object.assign(this.#status, change);
    attempt(this.#page, "onStatus", this.status);
  }

  /** The largest difference is of the frame that travelled fastest. */
  #setClock(now) {
    this.#offset = Math.max(this.#offset, now - performance.now());
  }
}

/** Which transport is next, and when: the best that works, the one that worked last at first. */
class Ladder {
  hasWorked = false;
  /** The network is another: try better transports now. */
  isEager = false;
  #key;
  #rung;
  #trusted = new Set();
  #attempts = 0;
  #misses = 0;
  #cuts = 0;
  #tried = 0;
  #climbs = 0;

  constructor(key) {
    this.#key = key;
    this.#rung = Math.max(0, KINDS.indexOf(stored((storage) => storage.getItem(key))));
  }

  get kind() {
    return KINDS[this.#rung];
  }

  get isOnTop() {
    return this.#rung === 0;
  }

  worked(kind) {
    const rung = KINDS.indexOf(kind);
    if (rung < this.#rung) this.#climbs = 0;
    this.#rung = rung;
    this.#misses = this.#tried = 0;
    this.#trusted.add(kind);
    this.hasWorked = true;
    stored((storage) => storage.setItem(this.#key, kind));
  }

  /** A link that had worked is over: the pause before the next, ms. */
  ended({ isSilent, isProbed, isOrderly, afterMs = 0 }) {
    if (isProbed) return 0; // somebody looks
    if (isSilent) return this.#step();
    if (!isOrderly && ++this.#cuts % 3 === 0) this.#step(); // it lets nobody stay
    return afterMs + this.pauseMs();
  }

  /** A try came to nothing. What has worked here is given three before the next has its turn. */
  failed({ isSilent, isOrderly, afterMs = 0 }) {
    if (isOrderly) return afterMs + this.pauseMs(); // somebody is there, and has no time now
    if (!isSilent && this.#trusted.has(this.kind) && ++this.#misses < 3) return this.pauseMs();
    this.#step();
    return ++this.#tried % KINDS.length ? 0 : this.pauseMs();
  }

  #step() {
    this.#trusted.delete(this.kind);
    this.#misses = 0;
    this.#rung = (this.#rung + 1) % KINDS.length;
    return 0;
  }

  settle() {
    this.#attempts = this.#cuts = 0;
  }

  /** Full jitter: after a restart everybody comes back, and not at the same moment. */
  pauseMs() {
    return Math.random() * Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.#attempts++);
  }

  climbMs() {
    if (this.isEager) return Number((this.isEager = false));
    const ceiling = Math.min(CLIMB_MAX_MS, CLIMB_MIN_MS * 2 ** this.#climbs++);
    return (0.5 + Math.random() / 2) * ceiling;
  }
}

/** What is held, and as of which place. Frames come in, what they change comes out. */
class State {
  items = new Map();
  wanted = new Filters([]);
  merged = 0;
  /** Whether the connection went on where the one before it left off. */
  hasResumed = false;

  /** The place in the log that `items` stand at; empty: none. */
  #cursor = "";
  /** The filters that it vouches for. */
  #vouched = new Set();
  #inForce = [];
  /** Items of the snapshot parts that have come so far. */
  #parts = [];
  #isJoining = false;

  begin(cursor, items) {
    this.#cursor = cursor;
    for (const { topic, v, ts, data } of items)
      this.items.set(topic, { v, ts, data: merge({}, data) });
  }

  vouch() {
    if (this.#cursor) this.#vouched = new Set(this.wanted.names);
  }

  prune() {
    for (const name of this.#vouched)
      if (!this.wanted.names.includes(name)) this.#vouched.delete(name);
    for (const topic of this.items.keys()) if (!this.wanted.match(topic)) this.items.delete(topic);
  }

  /** `topics` from the cursor on, and `also` those that it does not vouch for. */
  ask(isServed) {
    const names = this.wanted.names.filter(isServed);
    const held = this.#cursor ? names.filter((name) => this.#vouched.has(name)) : [];
    if (!held.length) return { cursor: "", topics: names, also: [] };
    const also = names.filter((name) => !this.#vouched.has(name));
    return { cursor: this.#cursor, topics: held, also };
  }

  /** A new connection: its first `subscribed` says whether it goes on from the cursor. */
  join() {
    this.#isJoining = true;
    this.#parts = [];
  }

  /** Nothing that is held can be built upon: what comes next is a snapshot. */
  forget() {
    this.#cursor = "";
    this.#vouched.clear();
    this.#parts = [];
    this.hasResumed = false;
  }

  /** @returns what to tell; and `reset` or `gap` in words, `isLive` where it is up to date */
  apply(frame) {
    const told = { changes: [], events: frame.events ?? [] };
    switch (frame.type) {
      case "subscribed":
        this.#inForce = frame.topics;
        if (!this.#isJoining) break;
        this.#isJoining = false;
        this.hasResumed = told.isLive = frame.resumed;
        break;
      case "reset":
        this.forget();
        told.reset = frame.reason;
        break;
      case "snapshot":
        this.#snapshot(frame, told);
        break;
      case "update":
        this.#cursor = frame.cursor;
        for (const element of frame.items ?? []) this.#update(element, told);
        break;
      case "heartbeat":
      case "bye":
        // Before `subscribed` it is the place of the connection, and not of what is held.
        if (!this.#isJoining) this.#cursor = frame.cursor;
    }
    return told;
  }

  /**
   * The parts are laid aside until the last, so that a cut between two of them leaves items and
   * cursor as they were: of one moment.
   */
  #snapshot(frame, told) {
    this.#parts.push(...frame.items);
    if (frame.more) return;
    const vouched = new Filters(this.#vouched);
    const present = new Set();
    for (const { topic, v, ts, data } of this.#parts) {
      present.add(topic);
      this.#put(told, topic, { v, ts, data: merge({}, data) });
    }
    for (const topic of this.items.keys()) {
      if (!present.has(topic) && !vouched.match(topic)) this.#put(told, topic, undefined);
    }
    this.#parts = [];
    this.#cursor = frame.cursor;
    this.#vouched = new Set(this.#inForce.filter((name) => this.wanted.names.includes(name)));
    told.isLive = true;
  }

  #update({ topic, v, ts, set, data, merged = 1, gone }, told) {
    const had = this.items.get(topic);
    if (gone) this.#put(told, topic, undefined);
    else if (data) this.#put(told, topic, { v, ts, data: merge({}, data) });
    else if (had && v === had.v + merged)
      this.#put(told, topic, { v, ts, data: merge(had.data, set) });
    else if (this.wanted.match(topic))
      told.gap = `${topic}: version ${v} (${merged} merged) after ${had?.v ?? "none"}`;
    this.merged += merged - 1;
  }

  #put({ changes }, topic, item) {
    if (!this.wanted.match(topic)) return;
    const before = this.items.get(topic);
    if (item) this.items.set(topic, item);
    else this.items.delete(topic);
    changes.push([topic, item, before]);
  }
}

/**
 * Carries frames from one request or socket. It `ask`s what to ask for when it can, lets the feed
 * `hear` each frame, and says when it is `over`: `code` and `message`, why; `isOrderly`, somebody
 * is there and ended it; `afterMs`, not to come back sooner; `topics`, what cannot be served. The
 * feed adds `isSilent`, nothing was heard for too long, and `isProbed`, not even an answer.
 */
class Link {
  asked = { names: new Set(), options: {} };
  /** For how long it may be silent, until it is known better. */
  patienceMs = CONNECT_MS;
  isClosed = false;

  constructor(base, { ask, hear, over, token }) {
    this.base = base;
    this.token = token;
    this.ask = ask;
    this.hear = (frame) => this.isClosed || hear(frame);
    this.over = (end) => this.isClosed || over(end);
  }

  /** Its URL, with the token that opens it where one does. */
  get door() {
    const url = new URL(this.kind, this.base);
    const token = this.token();
    if (token) url.searchParams.set("token", token);
    return url;
  }

  /** It is the one that counts from now on. */
  begin() {}

  /** Ask for more, less or with other options; false: it takes a new link. */
  change() {
    return false;
  }

  /** Make a live server say something; false: it takes a new link. */
  probe() {
    return false;
  }

  close() {
    this.isClosed = true;
  }
}

class WsLink extends Link {
  kind = "ws";
  #socket;
  #commands = 0;

  open() {
    const url = this.door;
    url.protocol = url.protocol.replace("http", "ws");
    try {
      this.#socket = new WebSocket(url);
    } catch {
      return this.over({});
    }
    this.#socket.onmessage = ({ data }) => this.hear(data);
    this.#socket.onclose = ({ code, reason }) =>
      this.over({ code, message: reason, isOrderly: ORDERLY_CODES.includes(code) });
  }

  begin() {
    const { cursor, topics, also, options } = this.ask();
    const given = Object.entries({ ...options, cursor }).filter(([, value]) => value);
    this.#send("subscribe", { topics, ...Object.fromEntries(given) });
    if (also.length) this.#send("subscribe", { topics: also });
  }

  change(added, dropped, options) {
    if (added.length) this.#send("subscribe", { topics: added });
    if (dropped.length) this.#send("unsubscribe", { topics: dropped });
    if (options) this.#send("set", options);
    return true;
  }

  probe() {
    this.#send("ping", { at: Math.round(performance.now()) });
    return true;
  }

  close() {
    super.close();
    this.#socket?.close();
  }

  #send(type, fields) {
    this.#socket.send(JSON.stringify({ type, id: ++this.#commands, ...fields }));
  }
}

class HttpLink extends Link {
  #request = new AbortController();

  /** The response; throws what `over` is to say where it is none of this type. */
  async get(type, { cursor, topics, also, options }, query = {}) {
    const url = this.door;
    const given = { topics: topics.join(), also: also.join(), cursor, ...options, ...query };
    for (const [name, value] of Object.entries(given)) {
      if (value) url.searchParams.set(name, value);
    }
    this.#request = new AbortController();
    const response = await fetch(url, { signal: this.#request.signal });
    if (response.ok && response.headers.get("Content-Type")?.startsWith(type)) return response;
    throw await refusal(response);
  }

  abort() {
    this.#request.abort();
  }

  close() {
    super.close();
    this.abort();
  }
}

/** By `fetch`, since an EventSource does not tell why it was refused, nor when to come back. */
class SseLink extends HttpLink {
  kind = "sse";

  async open() {
    try {
      const response = await this.get("text/event-stream", this.ask());
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (let read = await reader.read(); !read.done; read = await reader.read()) {
        const lines = (text + read.value).split("\n");
        text = lines.pop();
        for (const line of lines) if (line.startsWith("data:")) this.hear(line.slice(5));
      }
      this.over({});
    } catch (end) {
      this.over(end);
    }
  }
}

class PollLink extends HttpLink {
  kind = "poll";
  patienceMs = (POLL_WAIT_S + 10) * 1000; // it is heard only when an answer is whole
  #isNew = true;
  /** What follows from its last answer, applied or not. */
  #next;

  async open() {
    while (!this.isClosed) {
      const isNew = this.#isNew;
      this.#isNew = false;
      try {
        await this.#poll(isNew);
      } catch (end) {
        if (!this.#isNew) this.over(end);
      }
    }
  }

  async #poll(isNew) {
    const ask = isNew ? this.ask() : this.#next;
    const window_ms = Math.max(ask.options.window_ms, POLL_WINDOW_MS); // an answer costs a request
    const wait = isNew ? "0" : POLL_WAIT_S;
    const response = await this.get("application/json", ask, { window_ms, wait });
    const answer = await response.json();
    if (this.#isNew) return;
    const isWhole = answer.frames.some(({ type }) => type === "snapshot");
    const topics = isWhole ? [...ask.topics, ...ask.also] : ask.topics;
    const resumed = ask.cursor !== "" && answer.frames[0]?.type !== "reset";
    if (isNew || isWhole) this.hear({ type: "subscribed", topics, resumed });
    for (const frame of answer.frames) this.hear(frame);
    this.hear({ type: "heartbeat", cursor: answer.cursor });
    this.#next = { ...ask, cursor: answer.cursor, topics, also: isWhole ? [] : ask.also };
  }

  change() {
    this.#isNew = true;
    this.abort();
    return true;
  }

  probe() {
    return this.change();
  }
}

const LINKS = { ws: WsLink, sse: SseLink, poll: PollLink };

class Painter {
  #handlers;
  #items = new Map();
  #events = [];
  #frame = 0;
  #timer = 0;

  constructor(handlers) {
    this.#handlers = handlers;
  }

  onItem(topic, item, before) {
    const waiting = this.#items.get(topic);
    this.#items.set(topic, { item, before: waiting ? waiting.before : before });
    this.#soon();
  }

  onEvent(event) {
    this.#events.push(event);
    this.#soon();
  }

  onReset(reason) {
    this.#paint();
    attempt(this.#handlers, "onReset", reason);
  }

  close() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#frame = 0;
    this.#items.clear();
    this.#events = [];
  }

  /** A tab that is hidden has no frames. */
  #soon() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => this.#paint());
    this.#timer = setTimeout(() => this.#paint(), HIDDEN_PAINT_MS);
  }

  #paint() {
    const items = [...this.#items];
    const events = this.#events;
    this.close();
    for (const [topic, { item, before }] of items) {
      if (item !== before) attempt(this.#handlers, "onItem", topic, item, before);
    }
    for (const event of events) attempt(this.#handlers, "onEvent", event);
  }
}

/** Topics and prefixes, in their full form. */
class Filters {
  #topics = new Set();
  #prefixes = [];

  constructor(names) {
    this.names = Array.from(names, (name) =>
      name === "*" || name.includes(":") ? name : `price:${name}`,
    );
    for (const name of this.names) {
      if (name.endsWith("*")) this.#prefixes.push(name.slice(0, -1));
      else this.#topics.add(name);
    }
  }

  match(topic) {
    return this.#topics.has(topic) || this.#prefixes.some((prefix) => topic.startsWith(prefix));
  }
}

/** RFC 7396. Objects have no prototype, so that `__proto__` is a name like any other. */
export function merge(state, patch) {
  if (!isObject(patch)) return patch;
  const merged = Object.assign(Object.create(null), isObject(state) ? state : {});
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = merge(merged[name], value);
  }
  return merged;
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Where the doors are, of a server or of its `/ws`. */
function baseOf(url) {
  const base = new URL(url, document.baseURI);
  base.protocol = base.protocol.replace("ws", "http");
  base.search = base.hash = "";
  base.pathname = base.pathname.replace(/\/(ws)?$/, "") + "/";
  return base.href;
}

/** Why a door refused (RFC 9457). */
async function refusal(response) {
  const { code, detail, errors = [] } = await response.json().catch(() => ({}));
  const { status } = response;
  const topics = errors.flatMap(({ path }) => path.match(/^(topics|also)=(.+)/s)?.[2] ?? []);
  const isFinal = status === 401 || (status === 403 && !topics.length) || code === "bad_cursor";
  return {
    code: isFinal ? 4000 + status : (code ?? status),
    message: detail ?? `${status} ${response.statusText}`,
    isOrderly: status === 429 || status === 503,
    afterMs: 1000 * Number(response.headers.get("Retry-After")) || 0,
    topics: new Filters(topics).names,
  };
}

/** The browser may keep nothing for this page: then it finds out anew. */
function stored(act) {
  try {
    return act(localStorage);
  } catch {
    return null;
  }
}

/** A handler's fault is the page's to see, and none of the feed's. */
function attempt(handlers, name, ...args) {
  try {
    handlers[name]?.(...args);
  } catch (error) {
    reportError(error);
  }
}
