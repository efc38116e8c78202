// SPDX-License-Identifier: Apache-2.0

/** A topic's state. Never changed in place: a change makes a new one. */
export interface Item {
  /** Grows by one with each change. */
  readonly v: number;
  /** When the source says that it changed, ms since the epoch. */
  readonly ts: number;
  /** Without a prototype. Prices and sizes are exact decimals, as strings. */
  readonly data: Readonly<Record<string, any>>;
}

/** Something that happened on a topic: never merged with another, never skipped, told once. */
export interface FeedEvent {
  readonly topic: string;
  readonly id: string;
  /** `amend` replaces the event of that id, `void` takes it back. */
  readonly op: "add" | "amend" | "void";
  readonly kind: string;
  readonly ts: number;
  readonly data?: Readonly<Record<string, any>>;
}

export interface Handlers {
  /**
   * The item is new or has changed; `undefined`: the topic is gone. Also called once for each item
   * that is known when the subscription begins. `before`: what this handler was told last.
   */
  onItem?(topic: string, item: Item | undefined, before: Item | undefined): void;
  /** After the items that changed with it. */
  onEvent?(event: FeedEvent): void;
  /** Events in between can no longer be told; a snapshot follows and replaces the items. */
  onReset?(reason: string): void;
}

export type Transport = "ws" | "sse" | "poll";

export interface Status {
  /** `stopped` is for good; `problem` says why. */
  readonly state: "connecting" | "live" | "retrying" | "stopped";
  /** The one in use; while there is none, the one that is tried. */
  readonly transport: Transport;
  /** The newest connection went on exactly where the one before it left off. */
  readonly resumed: boolean;
  /** For how long there was no connection before it was resumed, ms; 0: the next one came first. */
  readonly resumedAfterMs: number;
  /** Items and events that were missed meanwhile, and came with the resume. */
  readonly caughtUp: number;
  /** Connections after the first, but for those that a change of what is asked for needs. */
  readonly reconnects: number;
  /** Versions of items that a later one has stood for. */
  readonly merged: number;
  /** How often something in between could not be told one by one, each said by `onReset`; 0: never. */
  readonly lost: number;
  /** How long the newest update was on its way, beyond the quickest one; null: none has come yet. */
  readonly lagMs: number | null;
  /** When anything was last heard, ms on the server's clock; 0: never. */
  readonly lastFrameAt: number;
  /** Why it stopped, or what went wrong last; null: nothing since the newest connection began. */
  readonly problem: { readonly code: string | number; readonly message: string } | null;
}

/** How changes are to be sent. A value out of range is a RangeError. */
export interface Options {
  /** See everything this much later, 0 to 600,000: a viewer whose television lags. */
  delayMs?: number;
  /** An item changes at most once in this time, 0 to 60,000. */
  conflateMs?: number;
  /** How long the server may gather what it sends, nothing merged, 0 to 1,000. */
  windowMs?: number;
}

export interface FeedOptions extends Options {
  /** The server, or its `/ws` door; by default that which served this module. */
  url?: string | URL;
  /**
   * What opens a feed that is not public: a token, or what gives a fresh one for each connection.
   * Without the latter it stops when the token ends.
   */
  token?: string | (() => string);
  /**
   * With `items`: what `/snapshot` answered for the topics that are subscribed to at first. The
   * feed goes on from there instead of asking for it again.
   */
  cursor?: string;
  items?: Iterable<Item & { readonly topic: string }>;
  /** The server's clock when it wrote them, ms. */
  now?: number;
  /**
   * Call `onItem` and `onEvent` at most once for each frame that the screen shows: with the newest
   * item of each topic, and then with every event. In a tab that is hidden, once a second.
   */
  perPaint?: boolean;
  onStatus?(status: Status): void;
}

/**
 * Items and events of topics, over a connection that heals itself: a WebSocket, or where that does
 * not come through Server-Sent Events or polls. Whatever happens to it, it goes on from the cursor
 * of the last frame that was applied: every event once and in order, every item's versions without
 * a hidden gap, or `onReset`.
 */
export class Feed {
  constructor(options?: FeedOptions);
  /** The current items by topic; to be read, not written. */
  readonly items: ReadonlyMap<string, Item>;
  readonly status: Status;
  /**
   * Follow topics and prefixes (`BTC-USD`, `price:BTC-USD`, `score:EPL.*`, `*`). The connection
   * opens after the current task, so that all subscriptions made in it travel together.
   * @returns ends the subscription
   */
  subscribe(filters: Iterable<string>, handlers: Handlers): () => void;
  /** Change options; those that are not named stay. */
  set(options: Options): void;
  /** The server's clock, ms since the epoch, as well as it is known. */
  now(): number;
  /** End it for good. */
  close(): void;
}

/** A JSON merge patch (RFC 7396): a new state; neither argument is changed. */
export function merge(state: any, patch: any): any;
