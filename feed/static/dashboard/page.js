/** What the template promises to be on the page. */

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function element(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/**
 * @param {string} selector
 * @param {ParentNode} [within]
 * @returns {HTMLElement}
 */
export function the(selector, within = document) {
  return /** @type {HTMLElement} */ (within.querySelector(selector));
}

/**
 * A new row, card or line, which says nothing yet.
 * @param {"price" | "score" | "event"} kind
 */
export function blank(kind) {
  const template = /** @type {HTMLTemplateElement} */ (element(`${kind}-blank`));
  return /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
}

/**
 * @param {HTMLElement} place
 * @param {string} says
 */
export function say(place, says) {
  if (place.textContent !== says) place.textContent = says;
}
