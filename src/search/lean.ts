/**
 * Types that are written a thousand times for each time that one is looked for: a search with twenty patients leaves
 * twenty-one AuditEvents. Of a coded value their index has the code alone. Its system and its text are looked at on
 * the resources that the code leads to, so that asking for them costs more, and every event about half.
 */
import type { ResourceType } from '@medplum/fhirtypes';

const LEAN: ReadonlySet<string> = new Set<ResourceType>(['AuditEvent']);

export const isLean = (type: string): boolean => LEAN.has(type);

/** An entry's key, and the code, if it has one, of the forms that coded values do without: `|`, `"` and `T`. */
const DETAIL = /^([^:]+(?::I)?:)(?:\|[^|]*\|(.*)|["T].*)$/s;
/** An entry's key, of the form that is kept. */
const CODE = /^([^:]+(?::I)?:)=/;

/** The entries that lean types have: of a field with codes only these. */
export function withoutDetails(index: readonly string[]): string[] {
  const coded = new Set(index.map((entry) => CODE.exec(entry)?.[1]));
  return index.filter((entry) => !coded.has(DETAIL.exec(entry)?.[1] ?? ''));
}

/**
 * Of an entry that a lean index may not have, its field's beginning, and its code where it has one: whatever has the
 * entry has one of the field, and that of the code. Undefined for entries that are always there.
 */
export function detailOf(entry: string): { key: string; code: string } | undefined {
  const [, key, code = ''] = DETAIL.exec(entry) ?? [];
  return key === undefined ? undefined : { key, code };
}
