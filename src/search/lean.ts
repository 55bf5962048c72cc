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
 * What a lean index knows of an entry that it may not have: another entry, or the beginning of several. All that have
 * the first have the second. Undefined for entries that are always there.
 */
export function leanForm(entry: string): { entry: string } | { prefix: string } | undefined {
  const [, key, code] = DETAIL.exec(entry) ?? [];
  if (key === undefined) return undefined;
  return code === undefined || code === '' ? { prefix: key } : { entry: `${key}=${code}` };
}
