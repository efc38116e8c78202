/** Which rows and cards are on the screen or next to it: only these are painted at once. */

const BESIDE = "25% 0px";

export class Sight {
  /** @type {Map<Element, (isSeen: boolean) => void>} */
  #told = new Map();
  #observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) this.#told.get(target)?.(isIntersecting);
    },
    { rootMargin: BESIDE },
  );

  /**
   * @param {Element} element
   * @param {(isSeen: boolean) => void} tell
   */
  watch(element, tell) {
    this.#told.set(element, tell);
    this.#observer.observe(element);
  }

  /** @param {Element} element */
  forget(element) {
    this.#told.delete(element);
    this.#observer.unobserve(element);
  }
}
