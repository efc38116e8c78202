/** The frames of a topic as they come, byte for byte. */

import { element, make, say } from "./dom.js";
import { moment } from "./words.js";

const KEPT = 200;
const RETRY_MS = 2_000;

export class Trace {
  /** @type {WebSocket | null} */
  #socket = null;
  #topic = "";
  #cursor = "";
  #count = 0;
  #isHeld = false;
  /** @type {HTMLElement[]} What came since the last paint. */
  #news = [];
  #isPainting = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;

  constructor() {
    element("trace").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      if (this.#topic) this.#stop();
      else this.#start(element("trace-topic").value.trim());
    });
    element("trace-hold").addEventListener("click", () => {
      this.#isHeld = !this.#isHeld;
      say(element("trace-hold"), this.#isHeld ? "Go on" : "Hold");
      this.#paint();
    });
    element("trace-clear").addEventListener("click", () => {
      element("trace-frames").replaceChildren();
      this.#news = [];
      this.#tell(0);
    });
  }

  /** @param {string} topic */
  #start(topic) {
    if (!topic) return element("trace-topic").focus();
    this.#topic = topic;
    this.#cursor = "";
    this.#isHeld = false;
    this.#tell(0);
    say(element("trace-start"), "Stop");
    say(element("trace-hold"), "Hold");
    element("trace-hold").disabled = false;
    this.#open();
  }

  #stop(words = "Stopped.") {
    this.#topic = "";
    clearTimeout(this.#retry);
    if (this.#socket) this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket?.close();
    this.#socket = null;
    say(element("trace-start"), "Start");
    element("trace-hold").disabled = true;
    say(element("trace-says"), words);
  }

  #open() {
    const query = new URLSearchParams({ topics: this.#topic });
    if (this.#cursor) query.set("cursor", this.#cursor);
    const url = new URL(`/ws?${query}`, document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    this.#socket = socket;
    say(element("trace-says"), `Connecting to ${this.#topic}`);
    socket.onopen = () => say(element("trace-says"), `Following ${this.#topic}`);
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = ({ code, reason }) => {
      if (code >= 4400) return this.#stop(`The server ended it: ${code} ${reason}`);
      say(element("trace-says"), `Cut (${code}). It goes on by itself.`);
      this.#retry = setTimeout(() => this.#open(), RETRY_MS);
    };
  }

  /** @param {string} text */
  #hear(text) {
    const { type, cursor, reconnect, rejected } = JSON.parse(text);
    if (cursor) this.#cursor = cursor;
    this.#news.push(
      make(
        "li",
        { "data-type": type },
        make("time", {}, moment(Date.now())),
        make("b", {}, type),
        make("code", {}, text),
      ),
    );
    if (this.#news.length > KEPT) this.#news.shift();
    this.#tell(this.#count + 1);
    if (rejected?.length) this.#stop(`${rejected[0].topic}: ${rejected[0].message}`);
    if (type === "bye" && !reconnect) this.#stop("The server said goodbye.");
    this.#paintSoon();
  }

  /** @param {number} count */
  #tell(count) {
    this.#count = count;
    say(element("trace-count"), count ? `${count} frames` : "");
  }

  #paintSoon() {
    if (this.#isPainting) return;
    this.#isPainting = true;
    requestAnimationFrame(() => {
      this.#isPainting = false;
      this.#paint();
    });
  }

  #paint() {
    if (this.#isHeld) return;
    const list = element("trace-frames");
    list.prepend(...this.#news.reverse());
    this.#news = [];
    while (list.childElementCount > KEPT) list.lastElementChild?.remove();
  }
}
