/** What the reader chooses by: the form in the bar, the buttons in the table's head, the stars. */

import { element, say, the } from "./page.js";

/** @typedef {import("./choices.js").Choices} Choices */

const form = /** @type {HTMLFormElement} */ (element("view"));

/**
 * @param {(change: Partial<Choices>, isFinal: boolean) => void} choose  not final: a slider moves
 * @param {() => Choices} chosen
 */
export function listen(choose, chosen) {
  // The stars stand in the table, and belong to the form: what they say does not pass through it.
  document.addEventListener("input", ({ target }) => {
    const input = /** @type {HTMLInputElement} */ (target);
    if (input.form === form) choose(change(input, chosen()), input.type !== "range");
  });
  document.addEventListener("change", ({ target }) => {
    const input = /** @type {HTMLInputElement} */ (target);
    if (input.form === form && input.type === "range")
      choose({ delayS: Number(input.value) }, true);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = /** @type {HTMLButtonElement | null} */ (event.submitter);
    if (button?.name === "sort") choose({ sort: button.value }, true);
  });
  addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof HTMLInputElement && event.target.type === "search";
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      field("q").focus();
    }
    if (event.key === "Escape") closeMenus();
  });
  addEventListener("click", ({ target }) => {
    for (const menu of document.querySelectorAll("details[open]"))
      if (!menu.contains(/** @type {Node} */ (target))) menu.removeAttribute("open");
  });
}

/** @param {Choices} choices */
export function showChoices({ sort, q, delayS, theme, hide, still, big }) {
  const root = document.documentElement;
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  root.toggleAttribute("data-hide", hide);
  root.toggleAttribute("data-still", still);
  root.toggleAttribute("data-big", big);
  if (field("q").value !== q) field("q").value = q;
  field("sort").value = sort;
  field("delay").value = String(delayS);
  field("hide").checked = hide;
  field("still").checked = still;
  field("big").checked = big;
  the(`[name=theme][value="${theme}"]`, form).checked = true;
  say(element("behind"), `${delayS} s`);
  const words = [delayS ? `${delayS} s behind` : "", hide ? "scores hidden" : ""];
  say(element("chosen"), words.filter(Boolean).join(", "));
  for (const head of document.querySelectorAll("[data-column]")) showSort(head, sort);
}

/**
 * @param {Element} head
 * @param {string} sort
 */
function showSort(head, sort) {
  const { column } = /** @type {HTMLElement} */ (head).dataset;
  const button = /** @type {HTMLButtonElement} */ (the("button", head));
  const isFalling = sort === `-${column}`;
  const isSorted = isFalling || sort === column;
  head.ariaSort = isSorted ? (isFalling ? "descending" : "ascending") : null;
  button.value = button.dataset.first ?? "";
  if (isSorted) button.value = isFalling ? `${column}` : `-${column}`;
}

/**
 * @param {HTMLInputElement} input
 * @param {Choices} chosen
 * @returns {Partial<Choices>}
 */
function change(input, { pins }) {
  const { name, value, checked } = input;
  switch (name) {
    case "q":
      return { q: value };
    case "delay":
      return { delayS: Number(value) };
    case "theme":
      return { theme: value };
    case "pin":
      return {
        pins: new Set(checked ? [...pins, value] : [...pins].filter((pin) => pin !== value)),
      };
    default:
      return { [name]: checked };
  }
}

function closeMenus() {
  for (const menu of document.querySelectorAll("details[open]")) {
    if (menu.contains(document.activeElement)) the("summary", menu).focus();
    menu.removeAttribute("open");
  }
}

/** @param {string} name */
function field(name) {
  return /** @type {HTMLInputElement} */ (form.querySelector(`[name=${name}]`));
}
