/**
 * Dates as ranges (R4 search.html#date: "the date parameter ... is implicitly a range by its precision").
 *
 * A moment is encoded as 23 digits, `YYYYMMDDhhmmss` and nine digits of a second, in UTC: text order is time
 * order. A value spans what its precision leaves open: `1980-05` the month, `16:32:15Z` the second,
 * `16:32:15.500Z` the millisecond, `.5000001Z` a tenth of a microsecond.
 */
import type { Period, Timing } from '@medplum/fhirtypes';

/** Both ends belong to the range. */
export interface DateRange {
  low: string;
  high: string;
}

/** Ends of a range that is open to one side. */
export const EARLIEST = '0'.repeat(23);
export const LATEST = '9'.repeat(23);

const FORM = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/;

const MINUTE = 60_000;

interface Parts {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}

function isReal({ year, month, day, hour, minute, second }: Parts): boolean {
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return false;
  // Leap seconds are legal (R4 datatypes.html#dateTime allows 60).
  return hour < 24 && minute < 60 && second <= 60;
}

function offsetMinutes(zone: string): number | undefined {
  if (zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (hours > 14 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}

/** Milliseconds since 1970 of a wall-clock time, in the zone given or else in the process's own. */
function epoch(parts: Parts, zone: string | undefined): number | undefined {
  const { year, month, day, hour, minute, second } = parts;
  const moment = new Date(0);
  if (zone === undefined) {
    moment.setFullYear(year, month - 1, day);
    moment.setHours(hour, minute, second, 0);
    return moment.getTime();
  }
  const offset = offsetMinutes(zone);
  if (offset === undefined) return undefined;
  moment.setUTCFullYear(year, month - 1, day);
  moment.setUTCHours(hour, minute, second, 0);
  return moment.getTime() - offset * MINUTE;
}

const two = (value: number): string => (value < 10 ? `0${value}` : String(value));

function encode(milliseconds: number, nanoseconds: string): string {
  const moment = new Date(milliseconds);
  const year = moment.getUTCFullYear();
  if (year < 0) return EARLIEST;
  if (year > 9999) return LATEST;
  const date = String(year).padStart(4, '0') + two(moment.getUTCMonth() + 1) + two(moment.getUTCDate());
  return (
    date + two(moment.getUTCHours()) + two(moment.getUTCMinutes()) + two(moment.getUTCSeconds()) + nanoseconds
  );
}

/** The first moment after what the parts name. */
function following(parts: Parts, precision: number): Parts {
  const { year, month, day, hour, minute, second } = parts;
  const steps: Parts[] = [
    { ...parts, year: year + 1 },
    { ...parts, month: month + 1 },
    { ...parts, day: day + 1 },
    { ...parts, hour: hour + 1 },
    { ...parts, minute: minute + 1 },
    { year, month, day, hour, minute, second: second + 1 },
  ];
  return steps[precision] ?? parts;
}

const ZEROS = '000000000';
const NINES = '999999999';

/** The range of one second or of a fraction of it: no calendar is needed beyond the second itself. */
function rangeOfSecond(milliseconds: number, fraction: string): DateRange {
  const digits = fraction.slice(0, 9);
  const rest = 9 - digits.length;
  return {
    low: encode(milliseconds, digits + ZEROS.slice(0, rest)),
    high: encode(milliseconds, digits + NINES.slice(0, rest)),
  };
}

const partsOf = ([, year, month, day, hour, minute, second]: RegExpExecArray): Parts => ({
  year: Number(year),
  month: Number(month ?? 1),
  day: Number(day ?? 1),
  hour: Number(hour ?? 0),
  minute: Number(minute ?? 0),
  second: Number(second ?? 0),
});

/** Whether a text has the form of a date or dateTime and names a day and time that exist. */
export function isRealDate(value: string): boolean {
  const match = FORM.exec(value);
  return match !== null && isReal(partsOf(match));
}

/**
 * The range of a date, dateTime, instant or partial date, and of a search value with minutes but no seconds.
 * Without a zone the process's time zone counts (design/decisions.md, Search).
 * @returns undefined when the text is not a date that exists.
 */
export function dateRange(value: string): DateRange | undefined {
  const match = FORM.exec(value);
  if (match === null) return undefined;
  const [, , month, day, hour, minute, second, fraction, zone] = match;
  const parts = partsOf(match);
  if (!isReal(parts)) return undefined;
  const low = epoch(parts, zone);
  if (low === undefined) return undefined;
  if (second !== undefined) return rangeOfSecond(low, fraction ?? '');
  const precision = [month, day, hour, minute, second].findIndex((part) => part === undefined);
  const next = epoch(following(parts, precision), zone);
  if (next === undefined) return undefined;
  return { low: encode(low, ZEROS), high: encode(next - 1, NINES) };
}

/** The range of a Period; an end that is missing is open. */
export function periodRange(period: Period): DateRange | undefined {
  const start = period.start === undefined ? undefined : dateRange(period.start);
  const end = period.end === undefined ? undefined : dateRange(period.end);
  if (start === undefined && end === undefined) return undefined;
  return { low: start?.low ?? EARLIEST, high: end?.high ?? LATEST };
}

/** The outer limits of a Timing: its events and its bounds; "the specified scheduling details are ignored". */
export function timingRange(timing: Timing): DateRange | undefined {
  const ranges = (timing.event ?? []).map(dateRange);
  if (timing.repeat?.boundsPeriod !== undefined) ranges.push(periodRange(timing.repeat.boundsPeriod));
  return ranges.reduce(
    (whole, range) => (whole === undefined || range === undefined ? (range ?? whole) : spanOf(whole, range)),
    undefined,
  );
}

function spanOf(a: DateRange, b: DateRange): DateRange {
  return { low: a.low < b.low ? a.low : b.low, high: a.high > b.high ? a.high : b.high };
}

/** A moment of now, or any Date, in the encoding of `dateRange`. */
export function encodeInstant(moment: Date): string {
  return encode(moment.getTime(), `${String(moment.getUTCMilliseconds()).padStart(3, '0')}000000`);
}
