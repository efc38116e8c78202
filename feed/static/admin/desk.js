/** The form that changes the feed: tried dry first, sent once, undone where it was wrong. */

import { NoAnswer, Refusal } from "./api.js";
import { changeOf, moves, scoreNow } from "./change.js";
import { button, element, say, show } from "./dom.js";
import { Draft } from "./draft.js";
import { report, showFaults } from "./outcome.js";
import { Subject } from "./subject.js";
import { indented } from "./words.js";

/** Fields that say nothing of the item: filling them in builds on no version of it. */
const BESIDES = new Set(["op", "guard", "pin", "why"]);

/** Fields on which it depends whether a score is to move with the event. */
const OF_SCORES = new Set(["event_kind", "side", "event", "op", "kind"]);

export class Desk {
  #form = element("change");
  #draft = new Draft();
  #subject;
  #isBusy = false;
  #now;
  #undo;
  #sent;

  /**
   * @param {object} page
   * @param {() => number} page.now  The server's clock, ms.
   * @param {(cursor: string) => Promise<void>} page.undo
   * @param {() => void} page.sent  Something has changed.
   */
  constructor({ now, undo, sent }) {
    this.#now = now;
    this.#undo = undo;
    this.#sent = sent;
    this.#subject = new Subject(now);
    this.#form.addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#act(() => this.#rehearse());
    });
    this.#form.addEventListener("input", (/** @type {any} */ { target }) => this.#typed(target));
    this.#form.addEventListener("click", (/** @type {any} */ { target }) => this.#stepped(target));
    element("send").addEventListener("click", () => this.#act(() => this.#send()));
    element("clear").addEventListener("click", () => this.#clear());
    element("rebase").addEventListener("click", () => {
      this.#draft.v = this.#subject.item?.v ?? 0;
      this.#changed();
    });
    this.#begin();
    this.#arrange();
  }

  /**
   * Take up a topic, from anywhere on the page.
   * @param {string} topic
   */
  take(topic) {
    const isPrice = topic.startsWith("price:");
    if (this.#kind === "json" || isPrice === (this.#kind === "score"))
      this.#form.elements.kind.value = isPrice ? "price" : "score";
    element("topic").value = topic;
    this.#arrange();
    this.#typed(element("topic"));
    element("topic").focus();
  }

  /** Look at what the topic is now. */
  async refresh() {
    await this.#subject.look();
    if (this.#kind === "event") await this.#subject.lookAtEvents();
    this.#showGuard();
  }

  get #kind() {
    return this.#form.elements.kind.value;
  }

  /** @returns {Record<string, string>} */
  get #values() {
    const values = Object.create(null);
    for (const [name, value] of new FormData(this.#form)) values[name] = String(value).trim();
    if (element("move-score-label").hidden) delete values.move_score;
    return values;
  }

  // ---- typing ----

  /** @param {HTMLInputElement} target */
  #typed(target) {
    const { name } = target;
    if (name === "topic" || name === "kind") {
      this.#begin();
      this.#subject.turn(element("topic").value.trim(), this.#kind);
    } else if (!BESIDES.has(name)) this.#hold();
    if (element("says").dataset.tone) report("");
    if (name === "kind" || name === "op") this.#arrange();
    if (name === "clock" || name === "running") this.#draft.at = this.#now();
    if (name === "event" || name === "op") this.#fillEvent();
    if (OF_SCORES.has(name)) this.#offerScore();
    this.#changed();
    if (name === "topic" || name === "kind") this.refresh().catch((error) => this.#fail(error));
  }

  /** @param {HTMLElement} target */
  #stepped(target) {
    const name = target.dataset.of;
    if (!name) return;
    const field = element(name);
    const side = name.slice(0, name.indexOf("_"));
    const from = field.value === "" ? scoreNow(this.#subject.item, side) : Number(field.value) || 0;
    field.value = String(Math.max(0, from + Number(target.dataset.step)));
    this.#typed(field);
  }

  /** Begin anew: what was tried is of another topic, or is done. */
  #begin() {
    this.#draft = new Draft();
    element("guard").checked = this.#kind !== "price";
  }

  /** From the first key on, what the operator saw is what the change is built on. */
  #hold() {
    if (this.#subject.isKnown) this.#draft.v ??= this.#subject.item?.v ?? 0;
  }

  #clear() {
    const kind = this.#kind;
    const op = this.#form.elements.op.value;
    const topic = element("topic").value;
    this.#form.reset();
    this.#form.elements.kind.value = kind;
    this.#form.elements.op.value = op;
    element("topic").value = topic;
    this.#begin();
    this.#arrange();
    this.#changed();
    report("");
    show(element("preview"), false);
  }

  /** Show the fields of the kind, and of what is done to the event. */
  #arrange() {
    const { kind, op } = this.#form.elements;
    for (const part of this.#form.querySelectorAll("[data-for]"))
      show(part, part.dataset.for.split(" ").includes(kind.value));
    for (const part of this.#form.querySelectorAll("[data-op]"))
      show(part, part.dataset.op.split(" ").includes(op.value));
    this.#offerScore();
  }

  /** A goal moves the score of its side, unless the operator says no. */
  #offerScore() {
    const { op, event_kind: kind, side } = this.#form.elements;
    const { event } = this.#subject;
    const isVoid = op.value === "void";
    const isMoving = isVoid ? event && moves(event.kind, event.data.side) : moves(kind.value, side.value);
    show(element("move-score-label"), op.value !== "amend" && Boolean(isMoving));
    const words = isVoid ? "and one less for its side" : "and one more for its side";
    say(element("move-score-words"), words);
  }

  /** To correct an event one begins with what it says. */
  #fillEvent() {
    const { event } = this.#subject;
    if (!event || this.#form.elements.op.value !== "amend") return;
    const { side, who, clock } = event.data;
    const told = { event_kind: event.kind, side, who, event_clock: clock };
    for (const [name, value] of Object.entries(told))
      element(name).value = typeof value === "string" ? value : "";
  }

  #showGuard() {
    const { isKnown, item } = this.#subject;
    const now = item?.v ?? 0;
    const begun = this.#draft.v ?? now;
    const words = begun || !isKnown ? `only if it is still at v ${begun || "…"}` : "only if it does not exist yet";
    say(element("guard-words"), words);
    const isMoved = isKnown && begun !== now && element("guard").checked;
    show(element("rebase"), isMoved);
    if (isMoved) say(element("rebase"), `It is at v ${now} now: build on that`);
  }

  // ---- doing it ----

  /** The body as it stands, and what is wrong with it before anybody is asked. */
  #body() {
    const values = this.#values;
    if (this.#kind === "json") return { text: values.body ?? "", faults: [] };
    const { item, event } = this.#subject;
    const { v = item?.v ?? 0, at } = this.#draft;
    const { change, faults } = changeOf(this.#kind, values, { item, v, at, event });
    return { text: JSON.stringify(change), faults };
  }

  /** What was tried is no longer what stands in the form, or is again. */
  #changed() {
    this.#draft.sent = "";
    const isTried = this.#draft.tried !== "" && this.#body().text === this.#draft.tried;
    element("send").ariaDisabled = String(!isTried);
    element("send").classList.toggle("primary", isTried);
    element("try").classList.toggle("primary", !isTried);
    show(element("preview"), isTried);
    if (!isTried && element("says").dataset.tone === "") report("");
    showFaults([]);
    this.#showGuard();
  }

  /** @param {() => Promise<void>} work */
  async #act(work) {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#form.ariaBusy = "true";
    try {
      await work();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isBusy = false;
      this.#form.ariaBusy = "false";
    }
  }

  async #rehearse() {
    show(element("preview"), false);
    report("");
    if (!this.#subject.isKnown) await this.refresh();
    this.#hold();
    const { text, faults } = this.#body();
    if (faults.length) return showFaults(faults);
    const { frames, subscribers, results } = await this.#draft.rehearse(text);
    this.#changed();
    const many = subscribers === 1 ? "1 subscriber" : `${subscribers} subscribers`;
    say(element("reach"), subscribers === 0 ? "Nobody follows it now; whoever did" : many);
    say(element("frames"), indented(frames));
    show(element("preview"), true);
    report(`Good: ${inWords(results)}. Nothing is sent yet.`);
    element("send").focus();
  }

  async #send() {
    const text = this.#draft.sent || this.#body().text;
    if (text !== this.#draft.tried || text === "")
      return report("Dry run first: what is sent is what you have seen.", "bad");
    const { cursor, results, duplicate } = await this.#draft.send(text);
    this.#clear();
    const words = duplicate ? "It was sent already" : "Sent";
    report(
      `${words}: ${inWords(results)}.`,
      "good",
      button("Undo", async () => {
        await this.#undo(cursor);
        report("Undone.", "good");
        this.#sent();
      }),
    );
    this.#sent();
    try {
      await this.#subject.look();
      if (this.#kind === "event") await this.#subject.lookAtEvents({ again: true });
    } catch (error) {
      // It is sent all the same; that the server is away is said at the head of the page.
      if (!(error instanceof Refusal || error instanceof NoAnswer)) throw error;
    }
    this.#offerScore();
  }

  /** @param {unknown} error */
  #fail(error) {
    if (error instanceof NoAnswer) {
      const unknown = "No answer: it may be done, or not. Send it again, it is done only once.";
      report(this.#draft.sent ? unknown : "No answer. Nothing was sent.", "bad");
    } else if (error instanceof Refusal) {
      const isMoved = error.code === "version_differs";
      report(isMoved ? `${error.message} by now: look at it, and build on that.` : error.message, "bad");
      showFaults(error.faults.map(({ path, message }) => ({ path: path.replace(/^\$(\[0\])?\.?/, ""), message })));
      if (isMoved) this.#sent();
    } else throw error;
  }
}

/** @param {Array<{topic: string, v: number, event?: string}>} results */
function inWords(results) {
  const [{ topic, v, event }] = results;
  if (results.length > 1) return `${results.length} changes, the first ${topic} at v ${v}`;
  return event ? `${topic} at v ${v}, event ${event}` : `${topic} at v ${v}`;
}
