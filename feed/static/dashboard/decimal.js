/**
 * Decimals as they are written, compared exactly: a double would lose the last digits.
 * @typedef {{negative: boolean, whole: string, fraction: string}} Decimal
 */

/**
 * @param {unknown} value
 * @returns {Decimal | undefined}  undefined: it is no plain decimal
 */
export function decimal(value) {
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const form = /^(-?)0*(\d+?)(?:\.(\d*?)0*)?$/.exec(String(value));
  if (!form) return undefined;
  const [, sign, digits, fraction = ""] = form;
  const whole = digits === "0" ? "" : digits;
  return { negative: sign !== "" && whole + fraction !== "", whole, fraction };
}

/**
 * @param {Decimal} one
 * @param {Decimal} other
 * @returns {number}  below, at or above 0, as for `sort`
 */
export function compareDecimals(one, other) {
  if (one.negative !== other.negative) return one.negative ? -1 : 1;
  const size =
    one.whole.length - other.whole.length ||
    compareText(one.whole, other.whole) ||
    compareText(one.fraction, other.fraction);
  return one.negative ? -size : size;
}

/**
 * @param {string} one
 * @param {string} other
 */
export function compareText(one, other) {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
