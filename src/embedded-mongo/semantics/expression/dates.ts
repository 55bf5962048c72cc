import type { ObjectId, Timestamp } from 'bson';
import { Int32, Long } from 'bson';
import { DateTime, FixedOffsetZone, IANAZone } from 'luxon';
import type { Zone } from 'luxon';
import {
  bsonType,
  BsonType,
  CommandError,
  isDocument,
  isNumber,
  notSupported,
  numericOf,
  plain,
  toDouble,
  typeName,
} from '../value';
import type { Compile, Evaluate, Operator, OperatorTable, Scope } from './evaluation';
import { argumentList } from './evaluation';
import { isNullish } from './logic';
import { namedArguments } from './strings';

/** The instant in a value that MongoDB takes for a date: Date, Timestamp or ObjectId. */
function instantOf(value: unknown): Date {
  switch (bsonType(value)) {
    case BsonType.date:
      return value as Date;
    case BsonType.objectId:
      return (value as ObjectId).getTimestamp();
    case BsonType.timestamp:
      return new Date((value as Timestamp).getHighBitsUnsigned() * 1000);
    default:
      throw new CommandError(16006, `can't convert from BSON type ${typeName(value)} to Date`);
  }
}

/** "UTC", an Olson name or an offset such as +05:30; null gives undefined. */
function zoneOf(value: unknown, name: string): Zone | undefined {
  if (isNullish(value)) return undefined;
  if (typeof value !== 'string')
    throw new CommandError(
      40517,
      `${name} requires a string for the timezone argument, but was given a ${typeName(value)}`,
    );
  const offset = /^([+-])(\d{2})(?::?(\d{2}))?$/.exec(value);
  if (offset) {
    const minutes = Number(offset[2]) * 60 + Number(offset[3] ?? 0);
    return FixedOffsetZone.instance(offset[1] === '-' ? -minutes : minutes);
  }
  if (value === 'UTC' || value === 'GMT' || value === 'Z') return FixedOffsetZone.utcInstance;
  if (!IANAZone.isValidZone(value))
    throw new CommandError(40485, `unrecognized time zone identifier: "${value}"`);
  return IANAZone.create(value);
}

function local(value: unknown, zone: Zone): DateTime {
  return DateTime.fromJSDate(instantOf(value), { zone });
}

const UTC = FixedOffsetZone.utcInstance;

/** `{ $year: date }` or `{ $year: { date, timezone } }`. */
function part(of: (date: DateTime) => number, wide = false): Operator {
  return (argument, compile, name) => {
    const isSpec = isDocument(argument) && !Object.keys(argument)[0]?.startsWith('$');
    const spec = isSpec
      ? namedArguments(name, plain(argument), ['date', 'timezone'], ['date'], 40535)
      : { date: argumentList(name, argument, 1, 1)[0] };
    const date = compile(spec['date']);
    const timezone = 'timezone' in spec ? compile(spec['timezone']) : undefined;
    return (scope) => {
      const zone = timezone ? zoneOf(timezone(scope), name) : UTC;
      const value = date(scope);
      if (isNullish(value) || !zone) return null;
      const number = of(local(value, zone));
      return wide ? Long.fromNumber(number) : new Int32(number);
    };
  };
}

/** Sunday is 1, as in MongoDB. */
function dayOfWeek(date: DateTime): number {
  return (date.weekday % 7) + 1;
}

/** Weeks begin on Sundays, days before the first Sunday are in week 0. */
function weekOfYear(date: DateTime): number {
  return Math.floor((date.ordinal + 7 - dayOfWeek(date)) / 7);
}

const FORMATS: Record<string, (date: DateTime) => string> = {
  Y: (date) => String(date.year).padStart(4, '0'),
  m: (date) => String(date.month).padStart(2, '0'),
  d: (date) => String(date.day).padStart(2, '0'),
  H: (date) => String(date.hour).padStart(2, '0'),
  M: (date) => String(date.minute).padStart(2, '0'),
  S: (date) => String(date.second).padStart(2, '0'),
  L: (date) => String(date.millisecond).padStart(3, '0'),
  j: (date) => String(date.ordinal).padStart(3, '0'),
  w: (date) => String(dayOfWeek(date)),
  u: (date) => String(date.weekday),
  U: (date) => String(weekOfYear(date)).padStart(2, '0'),
  V: (date) => String(date.weekNumber).padStart(2, '0'),
  G: (date) => String(date.weekYear).padStart(4, '0'),
  b: (date) => date.setLocale('en-US').toFormat('LLL'),
  B: (date) => date.setLocale('en-US').toFormat('LLLL'),
  z: (date) => date.toFormat('ZZZ'),
  Z: (date) => String(date.offset),
  '%': () => '%',
};

function formatDate(date: DateTime, format: string): string {
  return format.replace(/%([\s\S]?)/g, (_, specifier: string) => {
    const write = Object.hasOwn(FORMATS, specifier) ? FORMATS[specifier] : undefined;
    if (!write) throw new CommandError(18536, `Invalid format character '%${specifier}' in format string`);
    return write(date);
  });
}

function dateToString(argument: unknown, compile: Compile, name: string): Evaluate {
  const spec = namedArguments(name, argument, ['date', 'format', 'timezone', 'onNull'], ['date'], 18534);
  const evaluates = Object.fromEntries(Object.entries(spec).map(([key, value]) => [key, compile(value)]));
  return (scope) => {
    const format = evaluates['format'] ? evaluates['format'](scope) : undefined;
    const zone = evaluates['timezone'] ? zoneOf(evaluates['timezone'](scope), name) : UTC;
    const date = evaluates['date']?.(scope);
    if (isNullish(date)) return evaluates['onNull'] ? evaluates['onNull'](scope) : null;
    if (!zone || format === null) return null;
    if (format !== undefined && typeof format !== 'string')
      throw new CommandError(
        18533,
        `$dateToString requires that 'format' be a string, found: ${typeName(format)}`,
      );
    return formatDate(
      local(date, zone),
      format ?? (zone === UTC ? '%Y-%m-%dT%H:%M:%S.%LZ' : '%Y-%m-%dT%H:%M:%S.%L'),
    );
  };
}

/** Dates in text as `$toDate` takes them: ISO 8601 with a zone or in UTC. */
export function parseDate(text: string): Date {
  const isIso =
    /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/.test(text);
  if (!isIso) throw notSupported('Converting a text that is no ISO 8601 date');
  const date = DateTime.fromISO(text.replace(' ', 'T'), { zone: 'utc' });
  if (!date.isValid)
    throw new CommandError(241, 'Error parsing date string in $convert with no onError value');
  return date.toJSDate();
}

const UNITS = ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond'] as const;
type Unit = (typeof UNITS)[number];

function unitOf(value: unknown, name: string): Unit {
  const unit = UNITS.find((known) => known === value);
  if (!unit)
    throw new CommandError(9, `${name} parameter 'unit' value parsing failed: unknown time unit value`);
  return unit;
}

/** Adds calendar units in the zone (the end of a shorter month is kept), clock units on the time line. */
function shift(sign: 1 | -1): Operator {
  return (argument, compile, name) => {
    const required = ['startDate', 'unit', 'amount'];
    const spec = namedArguments(name, argument, [...required, 'timezone'], required, 5166400);
    const [start, unit, amount] = required.map((field) => compile(spec[field])) as [
      Evaluate,
      Evaluate,
      Evaluate,
    ];
    const timezone = 'timezone' in spec ? compile(spec['timezone']) : undefined;
    return (scope: Scope) => {
      const zone = timezone ? zoneOf(timezone(scope), name) : UTC;
      const values = [start(scope), unit(scope), amount(scope)];
      if (!zone || values.some(isNullish)) return null;
      const by = isNumber(values[2]) ? toDouble(numericOf(values[2])) : Number.NaN;
      if (!Number.isInteger(by))
        throw new CommandError(5166405, `${name} expects integer amount of time units`);
      return local(values[0], zone)
        .plus({ [`${unitOf(values[1], name)}s`]: sign * by })
        .toJSDate();
    };
  };
}

export const dateOperators: OperatorTable = {
  $year: part((date) => date.year),
  $month: part((date) => date.month),
  $dayOfMonth: part((date) => date.day),
  $hour: part((date) => date.hour),
  $minute: part((date) => date.minute),
  $second: part((date) => date.second),
  $millisecond: part((date) => date.millisecond),
  $dayOfYear: part((date) => date.ordinal),
  $dayOfWeek: part(dayOfWeek),
  $week: part(weekOfYear),
  $isoDayOfWeek: part((date) => date.weekday),
  $isoWeek: part((date) => date.weekNumber),
  $isoWeekYear: part((date) => date.weekYear, true),
  $dateToString: dateToString,
  $dateAdd: shift(1),
  $dateSubtract: shift(-1),
};
