/** What each source does, what of it is held, and steering it. */

import { call, callOneOf } from "./api.js";
import { button, element, List, make, say, show } from "./dom.js";
import { ago, brief, grouped, span } from "./words.js";

const FORGOTTEN_MS = 10_000;

/**
 * @typedef {{topic: string, field: string, value: unknown, shown: unknown, why: string, since: number,
 *   polls_left: number | null}} Held
 * @typedef {{name: string, kind: string, state: string, last_run: number | null, last_change: number | null,
 *   last_error: string | null, runs: number, changes: number, errors: number, missed: number,
 *   next_run: number | null, refused: number, quota_left: number | null, last_success: number | null, held: Held[],
 *   topics: Array<{state: string}>, clock_ahead_ms: number | null}} Source
 */

export class Sources {
  /** When the instance that runs them was last heard; with instances that take turns, not each is. */
  #heardAt = -Infinity;
  #list;
  #now;

  /**
   * @param {object} page
   * @param {() => number} page.now
   */
  constructor({ now }) {
    this.#now = now;
    this.#list = new List("sources", (/** @type {Source} */ source) => this.#row(source));
  }

  async refresh() {
    this.#show((await call("GET", "/admin/sources")).json);
  }

  /** @param {{instance: string, leader: string | null, sources: Source[]}} told */
  #show({ instance, leader, sources }) {
    const leads = instance === leader;
    if (leads) this.#heardAt = performance.now();
    const isKnown = performance.now() - this.#heardAt < FORGOTTEN_MS;
    if (leads || !isKnown) this.#list.show(sources, ({ name }) => name);
    const elsewhere = leader
      ? `The sources run on ${leader}. This address reaches ${instance}: steer them there.`
      : "No instance runs the sources now.";
    say(element("sources-elsewhere"), isKnown ? "" : elsewhere);
    show(element("sources-elsewhere"), !isKnown);
    if (!isKnown) show(element("sources-empty"), false);
  }

  /**
   * @param {string} name
   * @param {string} action
   * @param {string} [body]
   */
  async #steer(name, action, body) {
    const path = `/admin/sources/${encodeURIComponent(name)}/${action}`;
    this.#show((await callOneOf("POST", path, "not_leader", body)).json);
  }

  /** @param {Source} source */
  #row({ name, kind }) {
    const state = make("span", { class: "badge" });
    const ran = make("p", { class: "soft" });
    const faults = make("p", { class: "fault" });
    const pause = button("Pause", () => this.#steer(name, "pause"), `Pause ${name}`);
    const resume = button("Resume", () => this.#steer(name, "resume"), `Resume ${name}`);
    const run = button("Run now", () => this.#steer(name, "run"), `Run now: ${name}`);
    const held = make("ul", { class: "held" });
    const row = make(
      "li",
      { "data-source": name },
      make("p", { class: "head" }, make("b", {}, name), make("span", { class: "soft" }, kind), state),
      ran,
      faults,
      held,
      make("p", { class: "acts" }, run, pause, resume),
    );
    return {
      element: row,
      update: (/** @type {Source} */ source) => {
        say(state, source.state);
        state.dataset.tone = { running: "good", failing: "bad", paused: "warn" }[source.state] ?? "";
        say(ran, this.#ranInWords(source));
        say(faults, faultsInWords(source));
        show(faults, faults.textContent !== "");
        show(pause, source.state !== "paused" && source.state !== "ended");
        show(resume, source.state === "paused");
        show(run, source.state !== "ended");
        this.#showHeld(held, name, source.held);
      },
    };
  }

  /** @param {Source} source */
  #ranInWords({ last_run, next_run, runs, changes, missed, quota_left, topics }) {
    const next = next_run === null ? "" : next_run <= this.#now() ? "next now" : `next in ${span(next_run - this.#now())}`;
    const quota = quota_left === null ? "" : `${grouped(quota_left)} requests left`;
    const bad = topics.filter(({ state }) => state === "stale" || state === "down").length;
    return [
      `ran ${ago(last_run, this.#now())}`,
      next,
      `${grouped(runs)} runs`,
      `${grouped(changes)} changes`,
      quota,
      missed ? `${grouped(missed)} ticks left out` : "",
      bad ? `${bad} of ${topics.length} topics stale or down` : "",
    ]
      .filter(Boolean)
      .join(" · ");
  }

  /**
   * @param {HTMLElement} list
   * @param {string} name
   * @param {Held[]} held
   */
  #showHeld(list, name, held) {
    const key = JSON.stringify(held);
    if (list.dataset.shows === key) return;
    list.dataset.shows = key;
    list.replaceChildren(
      ...held.map(({ topic, field, value, shown, why, polls_left }) => {
        const body = JSON.stringify({ topic });
        const left = polls_left === null ? "until you decide" : `${polls_left} more polls let it through`;
        return make(
          "li",
          {},
          make("p", {}, make("b", {}, topic), ` ${field} ${brief(shown)} → ${brief(value)}: ${why} (${left})`),
          make(
            "p",
            { class: "acts" },
            button("Accept", () => this.#steer(name, "accept", body), `Accept ${topic} of ${name}`),
            button("Reject", () => this.#steer(name, "reject", body), `Reject ${topic} of ${name}`),
          ),
        );
      }),
    );
    show(list, held.length > 0);
  }
}

/** @param {Source} source */
function faultsInWords({ last_error, errors, refused, clock_ahead_ms }) {
  return [
    errors ? `${grouped(errors)} errors` : "",
    refused ? `${grouped(refused)} refused` : "",
    clock_ahead_ms ? `its clock is ${span(clock_ahead_ms)} ahead` : "",
    last_error ? `last: ${last_error}` : "",
  ]
    .filter(Boolean)
    .join(" · ");
}
