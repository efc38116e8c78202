/** Who is connected, at whichever instance, and ending it. */

import { call, callOneOf } from "./api.js";
import { button, List, make, say } from "./dom.js";
import { grouped, span } from "./words.js";

const SHOWN = 50;
const TOPICS = 3;
const FORGOTTEN_MS = 10_000;

/**
 * @typedef {{id: string, door: string, address: string, topics: string[], conflate_ms: number,
 *   delay_ms: number, lag: number, behind: boolean, age_s: number}} Connection
 */

export class Connections {
  /** @type {Map<string, {heardAt: number, count: number, connections: Connection[]}>} By instance. */
  #told = new Map();
  #list;

  constructor() {
    this.#list = new List("connections", (/** @type {Connection} */ connection) => this.#row(connection));
  }

  async refresh() {
    const { json } = await call("GET", `/admin/connections?limit=${SHOWN}`);
    this.#told.set(json.instance, { ...json, heardAt: performance.now() });
    this.#show();
  }

  #show() {
    for (const [instance, { heardAt }] of this.#told)
      if (performance.now() - heardAt > FORGOTTEN_MS) this.#told.delete(instance);
    const told = [...this.#told.values()];
    const count = told.reduce((sum, each) => sum + each.count, 0);
    const shown = told
      .flatMap(({ connections }) => connections)
      .sort((one, other) => other.lag - one.lag || other.age_s - one.age_s)
      .slice(0, SHOWN);
    const at = this.#told.size > 1 ? ` at ${this.#told.size} instances` : "";
    const words = count > shown.length ? `${shown.length} of ${grouped(count)}${at}` : `${count || ""}${at}`;
    this.#list.show(shown, ({ id }) => id, words);
  }

  /** @param {Connection} connection */
  #row({ id, door, address, topics }) {
    const more = topics.length > TOPICS ? ` and ${topics.length - TOPICS} more` : "";
    const facts = make("p", { class: "soft" });
    const lag = make("span", { class: "badge" });
    const end = button(
      "Disconnect",
      async () => {
        await callOneOf("DELETE", `/admin/connections/${id}`, "connection_unknown");
        for (const each of this.#told.values())
          each.connections = each.connections.filter((known) => known.id !== id);
        this.#show();
      },
      `Disconnect ${id}`,
    );
    return {
      element: make(
        "li",
        { "data-connection-id": id },
        make(
          "p",
          { class: "head" },
          make("b", {}, door),
          make("span", { class: "told" }, topics.slice(0, TOPICS).join(", ") + more || "nothing yet"),
          lag,
        ),
        facts,
        make("p", { class: "acts" }, end),
      ),
      update: (/** @type {Connection} */ { lag: entries, behind, age_s, conflate_ms, delay_ms }) => {
        say(lag, entries ? `${grouped(entries)} behind` : "up to date");
        lag.dataset.tone = behind ? "bad" : entries ? "warn" : "good";
        const asked = [
          conflate_ms ? `conflated to ${conflate_ms} ms` : "",
          delay_ms ? `${delay_ms} ms late by wish` : "",
        ];
        say(facts, [address, `for ${span(age_s * 1000)}`, ...asked, id].filter(Boolean).join(" · "));
      },
    };
  }
}
