/**
 * A list of names, addresses or telephone numbers with those of before at its end: they stay in the record, and are
 * meant only where there is no other. https://hl7.org/fhir/R4/valueset-name-use.html
 */
export function inUseFirst<T>(list: readonly T[] = []): readonly T[] {
  return list.some(isOld) ? [...list.filter((item) => !isOld(item)), ...list.filter(isOld)] : list;
}

const isOld = (item: unknown): boolean =>
  typeof item === 'object' && item !== null && 'use' in item && item.use === 'old';
