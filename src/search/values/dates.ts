/** Date ranges as entries: the encoding of the fhir room, shortened without losing its order. */
import type { Period, Timing } from '@medplum/fhirtypes';
import { type DateRange, dateRange, encodeInstant, periodRange, timingRange } from '../../fhir';

/** Ends of up to this many days apart make a narrow range: its low end tells where its high end lies. */
const NARROW_DAYS = 2;
const DAY = 86_400_000;

/** Zeros at the end of a low end and nines at the end of a high end say nothing. */
function shorten({ low, high }: DateRange): DateRange {
  let l = low.length;
  while (l > 8 && low.charCodeAt(l - 1) === 48) l--;
  let h = high.length;
  while (h > 8 && high.charCodeAt(h - 1) === 57) h--;
  return { low: low.slice(0, l), high: h === high.length ? high : `${high.slice(0, h)}~` };
}

/** The range of a date of a resource or a query; undefined when it is not one. */
export function entryRange(value: string): DateRange | undefined {
  const range = dateRange(value);
  return range === undefined ? undefined : shorten(range);
}

export function entryRangeOfPeriod(period: Period): DateRange | undefined {
  const range = periodRange(period);
  return range === undefined ? undefined : shorten(range);
}

export function entryRangeOfTiming(timing: Timing): DateRange | undefined {
  const range = timingRange(timing);
  return range === undefined ? undefined : shorten(range);
}

/** Milliseconds since 1970 of a shortened end. */
export function momentOf(end: string): number {
  const filled = end.replace(/~$/, '').padEnd(17, end.endsWith('~') ? '9' : '0');
  const [year, month, day, hour, minute, second, ms] = [4, 6, 8, 10, 12, 14, 17].map((to, i, all) =>
    Number(filled.slice(i === 0 ? 0 : all[i - 1], to)),
  );
  const moment = new Date(0);
  moment.setUTCFullYear(year ?? 0, (month ?? 1) - 1, day ?? 1);
  return moment.setUTCHours(hour ?? 0, Math.min(minute ?? 0, 59), Math.min(second ?? 0, 59), ms ?? 0);
}

/** A moment as a low end. */
export function lowOf(milliseconds: number): string {
  const low = encodeInstant(new Date(milliseconds));
  return shorten({ low, high: low }).low;
}

/** Whether the low end is within `NARROW_DAYS` of the high end. */
export function isNarrow({ low, high }: DateRange): boolean {
  if (low.slice(0, 8) === high.slice(0, 8)) return true;
  return momentOf(high) - momentOf(low) <= NARROW_DAYS * DAY;
}

/** The earliest low end that a narrow range reaching to `end` can have. */
export function narrowBefore(end: string): string {
  const moment = momentOf(end) - (NARROW_DAYS + 1) * DAY;
  return Number.isNaN(moment) ? '' : lowOf(moment);
}
