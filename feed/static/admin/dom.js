/**
 * Elements, and lists of them that are kept as they are where nothing changed: what has the focus
 * keeps it. Everything from outside enters the page as text, and in no other way.
 */

/**
 * An element of the page that the template promises.
 * @param {string} id
 * @returns {any}
 */
export function element(id) {
  return document.getElementById(id);
}

/**
 * @param {string} tag
 * @param {Record<string, string | ((event: Event) => void)>} [attributes]  A function is a listener
 *   of the event that its name tells after `on`.
 * @param {...(Node | string)} children
 * @returns {any}
 */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/**
 * @param {Element} where
 * @param {string} text
 */
export function say(where, text) {
  if (where.textContent !== text) where.textContent = text;
}

/**
 * @param {HTMLElement} what
 * @param {boolean} shown
 */
export function show(what, shown) {
  if (what.hidden === shown) what.hidden = !shown;
}

/**
 * A button that does one thing at a time. What it throws is said beside it.
 * @param {string} words
 * @param {() => Promise<unknown>} act
 * @param {string} [label]  What it does to what, where the words alone do not say it.
 */
export function button(words, act, label) {
  const says = make("span", { class: "refused", role: "status" });
  const made = make("button", { type: "button", "aria-label": label ?? words }, words);
  made.addEventListener("click", async () => {
    if (made.ariaBusy === "true") return;
    made.ariaBusy = "true";
    say(says, "");
    try {
      await act();
    } catch (error) {
      say(says, error instanceof Error ? error.message : String(error));
    } finally {
      made.ariaBusy = "false";
    }
  });
  return make("span", { class: "act" }, made, says);
}

/**
 * A list that follows an array of values.
 * @template T
 */
export class List {
  /** @type {Map<string, {element: HTMLElement, update: (value: T) => void}>} */
  #rows = new Map();
  #list;
  #empty;
  #count;
  #create;

  /**
   * @param {string} name  The id of the list; `-empty` and `-count` go with it.
   * @param {(value: T) => {element: HTMLElement, update: (value: T) => void}} create
   */
  constructor(name, create) {
    this.#list = element(name);
    this.#empty = element(`${name}-empty`);
    this.#count = element(`${name}-count`);
    this.#create = create;
  }

  /**
   * @param {T[]} values
   * @param {(value: T) => string} key
   * @param {string} [count]  What is said beside the title; by default how many there are.
   */
  show(values, key, count = values.length ? String(values.length) : "") {
    const wanted = new Set(values.map(key));
    for (const [name, row] of this.#rows) {
      if (wanted.has(name)) continue;
      row.element.remove();
      this.#rows.delete(name);
    }
    let next = this.#list.firstElementChild;
    for (const value of values) {
      const name = key(value);
      const row = this.#rows.get(name) ?? this.#create(value);
      this.#rows.set(name, row);
      row.update(value);
      if (row.element === next) next = next.nextElementSibling;
      else this.#list.insertBefore(row.element, next);
    }
    show(this.#empty, values.length === 0);
    say(this.#count, count);
  }
}
