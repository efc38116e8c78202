/** How people read what an item says. `model/wording.py` is the same on the server. No DOM. */

const UNITS = ["", "K", "M", "B", "T"];
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/**
 * A text or a number as it was sent; anything else says nothing here.
 * @param {unknown} value
 */
export function text(value) {
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/**
 * @param {string} change
 * @returns {"up" | "down" | "flat"}
 */
export function direction(change) {
  if (!/[1-9]/.test(change)) return "flat";
  return change.startsWith("-") ? "down" : "up";
}

/**
 * Thousands apart, and a minus as wide as a plus. What is no plain decimal stays as it is.
 * @param {string} number
 */
export function grouped(number) {
  const form = /^(-?)(\d+)(\.\d+)?$/.exec(number);
  if (!form) return number;
  const [, sign, whole, fraction = ""] = form;
  return (sign && "−") + whole.replace(/\B(?=(\d{3})+$)/g, ",") + fraction;
}

/** @param {string} number */
export function signed(number) {
  return (direction(number) === "up" && /^\d/.test(number) ? "+" : "") + grouped(number);
}

/**
 * From five digits on four and a unit, cut off, never rounded up.
 * @param {string} number
 */
export function compact(number) {
  const form = /^(\d+)(\.\d+)?$/.exec(number);
  if (!form) return number;
  const [, whole, fraction = ""] = form;
  if (whole.length <= 4) return grouped(whole + fraction.slice(0, whole === "0" ? undefined : 3));
  const unit = Math.min(Math.floor((whole.length - 1) / 3), UNITS.length - 1);
  const head = whole.slice(0, whole.length - 3 * unit);
  const tail = whole.slice(head.length, Math.max(4, head.length));
  return `${grouped(head)}${tail && `.${tail}`} ${UNITS[unit]}`;
}

/**
 * How long ago, coarse enough to be calm.
 * @param {number} ms
 */
export function ageText(ms) {
  if (ms < 10_000) return "now";
  if (ms < MINUTE_MS) return `${Math.floor(ms / 10_000) * 10} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < 2 * DAY_MS) return `${Math.floor(ms / HOUR_MS)} h`;
  return `${Math.floor(ms / DAY_MS)} d`;
}

/**
 * The reader's time of day, without a.m. and p.m.: it stands where there is little room.
 * @param {number} ms
 * @param {"2-digit"} [second]
 */
export function timeOfDay(ms, second) {
  const form = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return new Date(ms).toLocaleTimeString([], { ...form, second });
}

/** @param {number} ms */
export function weekdayAndTime(ms) {
  const weekday = new Date(ms).toLocaleDateString([], { weekday: "short" });
  return `${weekday} ${timeOfDay(ms)}`;
}

/**
 * `yellow_card` → `Yellow card`.
 * @param {string} word
 */
export function label(word) {
  const words = word.replaceAll("_", " ");
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

/**
 * @param {string[]} parts
 * @param {string} between
 */
export function joined(parts, between) {
  return parts.filter(Boolean).join(between);
}
