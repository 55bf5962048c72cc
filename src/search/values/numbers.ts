/**
 * Numbers and their implicit precision. https://hl7.org/fhir/R4/search.html#number
 *
 * Bounds are worked out on decimal digits, so that `0.1` spans exactly [0.05, 0.15), and only then made doubles.
 */

const FORM = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

/** A number of a query: its value, and the half-open interval its precision leaves open. */
export interface SearchNumber {
  value: number;
  low: number;
  high: number;
}

const toNumber = (digits: bigint, exponent: number): number => Number(`${digits}e${exponent}`);

/**
 * `100` is [99.5, 100.5), `100.00` is [99.995, 100.005), `1e2` is [95, 105) as in R4's own table.
 * @returns undefined when the text is not a number.
 */
export function parseNumber(text: string): SearchNumber | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [, sign = '', whole = '', fraction = '', exponentText] = match;
  if (whole.length + fraction.length > 60) return undefined;
  const exponent = Number(exponentText ?? 0) - fraction.length;
  const digits = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n);
  // Half of the last digit; of a number with an exponent half of the digit after it (1e2 is 95 to 105).
  const finer = exponentText === undefined ? 1 : 2;
  const scaled = digits * 10n ** BigInt(finer);
  return {
    value: toNumber(digits, exponent),
    low: toNumber(scaled - 5n, exponent - finer),
    high: toNumber(scaled + 5n, exponent - finer),
  };
}

/** Rounds away what binary arithmetic adds in unit conversions. */
export function round12(value: number): number {
  return value === 0 ? 0 : Number(value.toPrecision(12));
}
