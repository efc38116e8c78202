/** What came of a try: said in one line, and at the fields that are wrong. */

import { element, make, say, show } from "./dom.js";

/**
 * @param {string} words  Empty: nothing is to be said.
 * @param {"" | "good" | "bad"} [tone]
 * @param {Node} [more]
 */
export function report(words, tone = "", more) {
  const says = element("says");
  says.replaceChildren(words, ...(more ? [" ", more] : []));
  says.dataset.tone = tone;
  show(says, words !== "");
}

/**
 * Name what is wrong at its field, or below all of them where it has none.
 * @param {import("./change.js").Fault[]} faults
 */
export function showFaults(faults) {
  const form = element("change");
  for (const field of form.querySelectorAll("[data-path]")) {
    field.removeAttribute("aria-invalid");
    show(element(`${field.id}-fault`), false);
  }
  /** @type {HTMLElement | undefined} */
  let first;
  const left = [];
  for (const { path, message } of faults) {
    const field = form.querySelector(`[data-path="${CSS.escape(path)}"]`);
    if (!field || field.closest("[hidden]")) {
      left.push([path, message].filter(Boolean).join(": "));
      continue;
    }
    field.setAttribute("aria-invalid", "true");
    say(element(`${field.id}-fault`), message);
    show(element(`${field.id}-fault`), true);
    first ??= field;
  }
  element("faults").replaceChildren(...left.map((words) => make("li", {}, words)));
  show(element("faults"), left.length > 0);
  first?.focus();
}
