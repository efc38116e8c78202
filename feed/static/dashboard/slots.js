/**
 * The texts of an element, by the names in `data-slot`; only what differs is written. The lines of
 * a list within it have slots of their own.
 */
export class Slots {
  /** @type {Map<string, HTMLElement>} */
  #places = new Map();
  /** @type {Map<string, string>} */
  #says = new Map();

  /** @param {HTMLElement} root */
  constructor(root) {
    for (const place of root.querySelectorAll("[data-slot]")) {
      if (place.closest("li") !== root.closest("li")) continue;
      const name = /** @type {HTMLElement} */ (place).dataset.slot ?? "";
      this.#places.set(name, /** @type {HTMLElement} */ (place));
      this.#says.set(name, place.textContent ?? "");
    }
  }

  /** @param {string} name */
  place(name) {
    return this.#places.get(name);
  }

  says() {
    return this.#says.entries();
  }

  /**
   * @param {Record<string, string>} view  slots that it does not name stay as they are
   */
  write(view) {
    for (const [name, place] of this.#places) {
      const says = view[name];
      if (says === undefined || says === this.#says.get(name)) continue;
      this.#says.set(name, says);
      if (place.firstChild) place.firstChild.nodeValue = says;
      else place.textContent = says;
    }
  }
}

/**
 * Attributes by which the style tells rows and cards apart.
 * @param {HTMLElement} element
 * @param {string[]} names
 * @param {Record<string, string>} view
 */
export function mark(element, names, view) {
  for (const name of names)
    if (element.dataset[name] !== view[name]) element.dataset[name] = view[name];
}
