/** What was done by hand, the newest first, and taking it back. */

import { call } from "./api.js";
import { button, List, make, say, show } from "./dom.js";
import { ago, at, brief, leaves } from "./words.js";

const SHOWN = 30;
const LOOKED_UP_AT_ONCE = 5;
const LEAVES = 4;
const WORDS = { inject: "injected", undo: "took back", unpin: "released" };

/**
 * @typedef {{id: string, at: number, action: keyof WORDS, topics: string[], count: number, why: string | null,
 *   cursor: string, undone: boolean, undoes: string | null, by: string | null, address: string | null}} Action
 * @typedef {{topic: string, v: number, item?: any, was?: any, event?: any}} Change
 */

export class Audit {
  /** @type {Map<string, Change[]>} What an action changed never changes. */
  #changes = new Map();
  #list;
  #now;
  #done;

  /**
   * @param {object} page
   * @param {() => number} page.now
   * @param {(topic: string) => void} page.take
   * @param {() => void} page.done  Something has changed.
   */
  constructor({ now, take, done }) {
    this.#now = now;
    this.#done = done;
    this.#list = new List("audit", (/** @type {Action} */ action) => this.#row(action, take));
  }

  async refresh() {
    const { json } = await call("GET", `/admin/audit?limit=${SHOWN}`);
    const unknown = json.entries.filter((/** @type {Action} */ { id }) => !this.#changes.has(id));
    for (const { id } of unknown.slice(0, LOOKED_UP_AT_ONCE)) {
      const action = await call("GET", `/admin/audit/${id}`);
      this.#changes.set(id, action.json.changes);
    }
    this.#list.show(json.entries, (action) => action.id);
  }

  /**
   * Take back what was answered with this cursor.
   * @param {string} cursor
   */
  async undo(cursor) {
    const { json } = await call("GET", `/admin/audit?limit=${SHOWN}`);
    const action = json.entries.find((/** @type {Action} */ entry) => entry.cursor === cursor);
    if (!action) throw new Error("it is no longer among the newest: find it in the list");
    await call("POST", `/admin/undo/${action.id}`);
  }

  /**
   * @param {Action} action
   * @param {(topic: string) => void} take
   */
  #row(action, take) {
    const topics = action.topics.slice(0, 3).map((topic) =>
      make("button", { type: "button", class: "topic", onclick: () => take(topic) }, topic),
    );
    const more = action.topics.length > topics.length ? ` and ${action.topics.length - topics.length} more` : "";
    const when = make("time", { class: "soft" });
    const changes = make("p", { class: "told" });
    const undone = make("span", { class: "badge" }, "taken back");
    const undo = button(
      "Undo",
      async () => {
        await call("POST", `/admin/undo/${action.id}`);
        this.#done();
      },
      `Undo ${WORDS[action.action] ?? action.action} ${action.topics[0] ?? ""}`,
    );
    const row = make(
      "li",
      { "data-action": action.action, "data-id": action.id },
      make("p", { class: "head" }, make("b", {}, WORDS[action.action] ?? action.action), ...topics, more, when),
      changes,
      ...(action.why ? [make("p", { class: "soft quote" }, action.why)] : []),
      ...(action.by ? [make("p", { class: "soft" }, `by ${action.by} from ${action.address}`)] : []),
      make("p", { class: "acts" }, undone, undo),
    );
    return {
      element: row,
      update: (/** @type {Action} */ { id, at: done, undone: isUndone }) => {
        say(when, ago(done, this.#now()));
        const told = this.#changes.get(id);
        say(changes, told ? told.map(inWords).join("; ") || "The log no longer holds what it was." : "…");
        show(undone, isUndone);
        show(undo, !isUndone && action.action !== "undo");
        row.classList.toggle("past", isUndone);
      },
    };
  }
}

/**
 * @param {Change} change
 * @returns {string}
 */
function inWords({ item, was, event }) {
  const told = [];
  if (event) {
    const op = { add: "new", amend: "corrected", void: "taken back" }[/** @type {"add"} */ (event.op)];
    told.push(`${brief(event.kind)} ${brief(event.id)} ${op}`);
  }
  if (item?.gone) told.push("ended");
  const fields = leaves(item?.set ?? item?.data ?? {})
    .filter(([path]) => path && path.split(".")[0] !== "pinned")
    .map(([path, value]) => [path, brief(at(was, path)), brief(value)])
    .filter(([, before, after]) => before !== after);
  for (const [path, before, after] of fields.slice(0, LEAVES)) told.push(`${path} ${before} → ${after}`);
  if (fields.length > LEAVES) told.push(`${fields.length - LEAVES} more`);
  if (item?.set && "pinned" in item.set) told.push(item.set.pinned ? "pinned" : "no longer pinned");
  return told.join(", ");
}
