import { dateRange, encodeInstant } from './dates';

/**
 * A list of names, addresses or telephone numbers with those of before at its end: they stay in the record, and are
 * meant only where there is no other. https://hl7.org/fhir/R4/valueset-name-use.html
 */
export function inUseFirst<T>(list: readonly T[] = []): readonly T[] {
  return list.some(isOfBefore)
    ? [...list.filter((item) => !isOfBefore(item)), ...list.filter(isOfBefore)]
    : list;
}

/** By its use, or by its period. What has a code is a qualification, whose period says when it was got. */
function isOfBefore(item: unknown): boolean {
  if (typeof item !== 'object' || item === null) return false;
  const { use, period, code } = item as { use?: unknown; period?: { end?: unknown }; code?: unknown };
  return use === 'old' || use === 'maiden' || (code === undefined && hasPassed(period?.end));
}

function hasPassed(end: unknown): boolean {
  const range = typeof end === 'string' ? dateRange(end) : undefined;
  return range !== undefined && range.high < encodeInstant(new Date());
}
