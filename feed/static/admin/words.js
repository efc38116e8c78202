/** How an operator reads times, sizes, values and JSON. No DOM. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/**
 * How long, in its two largest units at the most.
 * @param {number} ms
 */
export function span(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  const hours = Math.floor(seconds / 3600);
  if (hours < 48) return `${hours} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(hours / 24)} d`;
}

/**
 * @param {number | null} at  ms since the epoch
 * @param {number} now
 */
export function ago(at, now) {
  if (at === null) return "never";
  return now - at < 1000 ? "now" : `${span(now - at)} ago`;
}

/** @param {number} bytes */
export function size(bytes) {
  let unit = 0;
  while (bytes >= 1024 && unit < UNITS.length - 1) {
    bytes /= 1024;
    unit += 1;
  }
  return `${unit ? bytes.toFixed(1) : bytes} ${UNITS[unit]}`;
}

/** @param {number} count */
export function grouped(count) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * A value of an item on one line.
 * @param {unknown} value
 */
export function brief(value) {
  if (value === undefined || value === null) return "–";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/**
 * The time of day, to the millisecond.
 * @param {number} ms
 */
export function moment(ms) {
  const at = new Date(ms);
  return `${at.toLocaleTimeString("en-GB")}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

/**
 * JSON over several lines, every token as it was sent: numbers keep all of their digits.
 * @param {string} json  Valid, and compact.
 */
export function indented(json) {
  let depth = 0;
  const line = (/** @type {number} */ by) => `\n${"  ".repeat((depth += by))}`;
  return json.replace(/"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{}[\],:]/g, (token) => {
    if (token === "{" || token === "[") return token + line(1);
    if (token === "}" || token === "]") return line(-1) + token;
    if (token === ",") return token + line(0);
    return token === ":" ? ": " : token;
  });
}

/**
 * The fields of a patch or a state by their paths, `home.score`.
 * @param {any} value
 * @param {string} [path]
 * @returns {Array<[string, unknown]>}
 */
export function leaves(value, path = "") {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isObject || (path && Object.keys(value).length === 0)) return [[path, value]];
  return Object.entries(value).flatMap(([name, inner]) =>
    leaves(inner, path ? `${path}.${name}` : name),
  );
}

/**
 * What stands at a path of `leaves`.
 * @param {any} value
 * @param {string} path
 */
export function at(value, path) {
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}
