/** Search written down as R4 says it, without any index: slow, plain, and another author of the same rules. */
import type { CodeableConcept, Observation, Patient } from '@medplum/fhirtypes';

/** A half-open interval of time in milliseconds. */
interface Interval {
  from: number;
  to: number;
}

/** What a date with a zone spans: its unit begins at `from`, the next one at `to`. */
function span(text: string): Interval {
  const [, year, month, day, time, seconds, fraction] =
    /^(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:T(\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?Z)?$/.exec(text) ?? [];
  const y = Number(year);
  // Days are those of the process; times carry their zone.
  const local = (m: number, d: number): number => new Date(y, m, d).getTime();
  if (month === undefined) return { from: local(0, 1), to: local(12, 1) };
  const m = Number(month) - 1;
  if (day === undefined) return { from: local(m, 1), to: local(m + 1, 1) };
  const d = Number(day);
  if (time === undefined) return { from: local(m, d), to: local(m, d + 1) };
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  const at = Date.UTC(y, m, d) + (hour * 60 + minute) * 60_000 + Number(seconds ?? 0) * 1000;
  if (seconds === undefined) return { from: at, to: at + 60_000 };
  if (fraction === undefined) return { from: at, to: at + 1000 };
  const unit = 1000 / 10 ** fraction.length;
  return { from: at + Number(fraction) * unit, to: at + (Number(fraction) + 1) * unit };
}

function effective({ effectiveDateTime, effectivePeriod }: Observation): Interval | undefined {
  if (effectiveDateTime !== undefined) return span(effectiveDateTime);
  if (effectivePeriod === undefined) return undefined;
  const { start, end } = effectivePeriod;
  return {
    from: start === undefined ? -Infinity : span(start).from,
    to: end === undefined ? Infinity : span(end).to,
  };
}

/** https://hl7.org/fhir/R4/search.html#prefix */
export function dateHolds(observation: Observation, prefix: string, text: string): boolean {
  const target = effective(observation);
  if (target === undefined) return false;
  const search = span(text);
  const isContained = target.from >= search.from && target.to <= search.to;
  // "the range above the search value": everything behind its end; below: everything before its beginning.
  const reachesAbove = target.to > search.to;
  const reachesBelow = target.from < search.from;
  switch (prefix) {
    case 'ne':
      return !isContained;
    case 'gt':
      return reachesAbove;
    case 'lt':
      return reachesBelow;
    case 'ge':
      return reachesAbove || isContained;
    case 'le':
      return reachesBelow || isContained;
    case 'sa':
      return target.from >= search.to;
    case 'eb':
      return target.to <= search.from;
    default:
      return isContained;
  }
}

/** https://hl7.org/fhir/R4/search.html#number: hundredths, so that whole numbers do. */
export function numberHolds(value: number | undefined, prefix: string, text: string): boolean {
  if (value === undefined) return false;
  const digits = text.split('.')[1]?.length ?? 0;
  const wanted = Math.round(Number(text) * 1000);
  const actual = Math.round(value * 1000);
  const half = 500 / 10 ** digits;
  const isWithin = actual >= wanted - half && actual < wanted + half;
  const compared: Record<string, boolean> = {
    eq: isWithin,
    ne: !isWithin,
    gt: actual > wanted,
    sa: actual > wanted,
    ge: actual >= wanted,
    lt: actual < wanted,
    eb: actual < wanted,
    le: actual <= wanted,
  };
  return compared[prefix === '' ? 'eq' : prefix] ?? false;
}

/** https://hl7.org/fhir/R4/search.html#token */
export function tokenHolds(concept: CodeableConcept | undefined, text: string): boolean {
  const bar = text.indexOf('|');
  const same = (a: string | undefined, b: string): boolean => a?.toLowerCase() === b.toLowerCase();
  return (concept?.coding ?? []).some(({ system, code }) => {
    if (bar < 0) return same(code, text);
    const [wantedSystem, wantedCode] = [text.slice(0, bar), text.slice(bar + 1)];
    const isSystem = wantedSystem === '' ? system === undefined : system === wantedSystem;
    return isSystem && (wantedCode === '' || same(code, wantedCode));
  });
}

const plain = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase();

/** https://hl7.org/fhir/R4/search.html#string */
export function nameHolds(patient: Patient, modifier: string, text: string): boolean {
  const parts = (patient.name ?? []).flatMap(({ family, given = [], text: whole }) => [
    family,
    ...given,
    whole,
  ]);
  return parts.some((part) => {
    if (part === undefined) return false;
    if (modifier === ':exact') return part === text;
    return modifier === ':contains' ? plain(part).includes(plain(text)) : plain(part).startsWith(plain(text));
  });
}
