/** The badge: how the feed is, and nothing that is not so. */

import { element, say } from "./page.js";
import { Slots } from "./slots.js";
import { ageText } from "./wording.js";

const SAYS = {
  connecting: "Connecting",
  live: "Live",
  retrying: "Reconnecting",
  stopped: "Stopped",
};
const TRANSPORTS = { ws: "WebSocket", sse: "Server-Sent Events", poll: "long poll" };
const QUIET_MS = 30_000;
const NEWS_MS = 20_000;

export class Badge {
  #feed;
  #slots = new Slots(element("badge"));
  /** @type {import("../feed.js").Status["state"] | ""} */
  #state = "";
  #reconnects = 0;
  #newsUntil = 0;
  #isUnsaid = false;

  /** @param {import("../feed.js").Feed} feed */
  constructor(feed) {
    this.#feed = feed;
  }

  /**
   * Something has changed.
   * @param {import("../feed.js").Status} status
   * @param {number} delayS
   */
  tell({ state, reconnects, problem }, delayS) {
    document.documentElement.dataset.connection = state;
    if (state === "live" && reconnects > this.#reconnects) {
      this.#newsUntil = performance.now() + NEWS_MS;
      this.#reconnects = reconnects;
    }
    let says = SAYS[state];
    if (state === "live" && delayS) says += `, ${delayS} s behind`;
    if (state === "stopped" && problem?.message) says += `: ${problem.message}`;
    say(element("state"), says);
    if (state !== this.#state) this.#isUnsaid = this.#state !== "" && this.#state !== "connecting";
    this.#state = state;
  }

  /**
   * What time alone changes; and what changed, for who cannot see it: once it has settled.
   * @param {import("./pace.js").Pace} pace
   */
  tick(pace) {
    const { state, transport, lastFrameAt, lagMs, reconnects, merged, lost } = this.#feed.status;
    const silentMs = lastFrameAt ? this.#feed.now() - lastFrameAt : 0;
    const heard = silentMs < 1_000 ? "now" : `${seconds(silentMs)} ago`;
    const resumed = this.#resumed();
    say(element("detail"), this.#detail(pace, silentMs));
    document.documentElement.toggleAttribute("data-paced", pace.conflateMs > 0);
    this.#slots.write({
      transport: state === "live" ? TRANSPORTS[transport] : SAYS[state],
      heard: lastFrameAt ? heard : "never",
      lag: lagMs === null ? "–" : `${Math.round(lagMs)} ms`,
      resumed: resumed || "none yet",
      reconnects: String(reconnects),
      lost: String(lost),
      merged: `${merged} ${merged === 1 ? "step" : "steps"} into later ones`,
      pace: pace.says(),
    });
    if (!this.#isUnsaid) return;
    this.#isUnsaid = false;
    const words = [element("state").textContent, state === "live" ? resumed : ""];
    say(element("said"), words.filter(Boolean).join(": "));
  }

  /** How the newest connection came after the one before it. */
  #resumed() {
    const { resumed, resumedAfterMs, caughtUp, reconnects, lost } = this.#feed.status;
    if (reconnects === 0) return "";
    if (!resumed) return `begun anew, ${lost} lost`;
    return `resumed after ${seconds(resumedAfterMs)}, ${caughtUp} caught up, ${lost} lost`;
  }

  /**
   * @param {import("./pace.js").Pace} pace
   * @param {number} silentMs
   */
  #detail(pace, silentMs) {
    const { state, transport } = this.#feed.status;
    if (state === "live" && performance.now() < this.#newsUntil) return this.#resumed();
    if (state === "live" && pace.conflateMs) return pace.says();
    if (state === "live" && silentMs < QUIET_MS) return `${TRANSPORTS[transport]} · up to date`;
    return silentMs ? `last heard ${ageText(silentMs).replace("now", "a moment")} ago` : "";
  }
}

/** @param {number} ms */
function seconds(ms) {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
