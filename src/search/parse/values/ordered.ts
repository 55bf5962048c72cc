/** Dates, numbers and quantities. https://hl7.org/fhir/R4/search.html#prefix */
import type { DateRange } from '../../../fhir';
import { anyOf } from '../../matches';
import type { Parameter } from '../../parameters/layout';
import type { Comparison, Match } from '../../types';
import { entryRange, lowOf, momentOf, narrowBefore } from '../../values/dates';
import { type SearchNumber, parseNumber } from '../../values/numbers';
import { fold, short } from '../../values/text';
import { UCUM, unitConversion } from '../../values/units';
import { dimensionKey } from '../../entries';
import { type ParseContext, report } from '../issues';
import { type Prefix, splitEscaped, splitPrefix, unescape } from '../split';

/** Comparisons of which one alternative must hold, and the bounds on narrow ranges that follow from them. */
export interface Test {
  any: readonly (readonly Comparison[])[];
  from?: string | number;
  to?: string | number;
}

const compare = (end: Comparison['end'], op: Comparison['op'], value: string | number): Comparison => ({
  end,
  op,
  value,
});

/** Prefixes as R4 defines them on ranges: "the range above the search value intersects the range of the target". */
function dateTest(prefix: Prefix | 'po', { low, high }: DateRange): Test {
  switch (prefix) {
    case 'eq':
      return { any: [[compare('l', '>=', low), compare('h', '<=', high)]], from: low, to: high };
    case 'ne':
      return { any: [[compare('l', '<', low)], [compare('h', '>', high)]] };
    case 'gt':
      return { any: [[compare('h', '>', high)]], from: narrowBefore(high) };
    case 'ge':
      return { any: [[compare('h', '>', high)], [compare('l', '>=', low)]], from: narrowBefore(low) };
    case 'lt':
      return { any: [[compare('l', '<', low)]], to: low };
    case 'le':
      return { any: [[compare('l', '<', low)], [compare('h', '<=', high)]], to: high };
    case 'sa':
      return { any: [[compare('l', '>', high)]], from: high };
    case 'eb':
      return { any: [[compare('h', '<', low)]], to: low };
    case 'ap':
    case 'po':
      return {
        any: [[compare('l', '<=', high), compare('h', '>=', low)]],
        from: narrowBefore(low),
        to: high,
      };
  }
}

/** "approximately the same": within a tenth of the time between the value and now (R4 search.html#prefix). */
function approximate({ low, high }: DateRange): DateRange {
  const [from, to] = [momentOf(low), momentOf(high)];
  const margin = Math.abs(Date.now() - (from + to) / 2) / 10;
  return { low: lowOf(from - margin), high: lowOf(to + margin) };
}

function numberTest(prefix: Prefix, { value, low, high }: SearchNumber): Test {
  switch (prefix) {
    case 'eq':
      return { any: [[compare('l', '>=', low), compare('h', '<', high)]], from: low, to: high };
    case 'ne':
      return { any: [[compare('l', '<', low)], [compare('h', '>=', high)]] };
    case 'gt':
      return { any: [[compare('h', '>', value)]], from: value };
    case 'ge':
      return { any: [[compare('h', '>=', value)]], from: value };
    case 'lt':
      return { any: [[compare('l', '<', value)]], to: value };
    case 'le':
      return { any: [[compare('l', '<=', value)]], to: value };
    case 'sa':
      return { any: [[compare('l', '>', value)]], from: value };
    case 'eb':
      return { any: [[compare('h', '<', value)]], to: value };
    case 'ap': {
      const margin = Math.abs(value) / 10;
      return {
        any: [[compare('l', '<=', value + margin), compare('h', '>=', value - margin)]],
        from: value - margin,
        to: value + margin,
      };
    }
  }
}

/** The test of a date value; undefined, with an issue, when it is none. `po` is `_filter`'s overlap. */
export function parseDateTest(text: string, context: ParseContext, how?: Prefix | 'po'): Test | undefined {
  const { prefix, rest } = how === undefined ? splitPrefix(text) : { prefix: how, rest: text };
  // A plus sign of a time zone that was not encoded arrives as a space.
  const range = entryRange(rest.replace(/ (?=\d\d:\d\d$)/, '+'));
  if (range === undefined)
    return report(context, 'A date of the form YYYY, YYYY-MM, YYYY-MM-DD or with time is expected.');
  return dateTest(prefix, prefix === 'ap' ? approximate(range) : range);
}

export function parseNumberTest(text: string, context: ParseContext, how?: Prefix): Test | undefined {
  const { prefix, rest } = how === undefined ? splitPrefix(text) : { prefix: how, rest: text };
  const number = parseNumber(rest);
  return number === undefined ? report(context, 'A number is expected.') : numberTest(prefix, number);
}

/** One way to satisfy a quantity: a test under the parameter's key, or in base units under that of a dimension. */
export interface QuantityTest extends Test {
  dimension?: string;
  units?: readonly string[];
}

function canonicalTest(prefix: Prefix, number: SearchNumber, code: string): QuantityTest | undefined {
  const conversion = unitConversion(code);
  if (conversion === undefined) return undefined;
  const { dimension, convert } = conversion;
  const [low, high] = [convert(number.low), convert(number.high)];
  const converted = { value: convert(number.value), low: Math.min(low, high), high: Math.max(low, high) };
  return { ...numberTest(prefix, converted), dimension };
}

/**
 * `5.4`, `5.4|system`, `5.4||unit`, `5.4|system|code`. A UCUM code is compared in base units; otherwise the code
 * matches exactly, or the unit's text case folded.
 */
export function parseQuantityTests(
  text: string,
  context: ParseContext,
  how?: Prefix,
): QuantityTest[] | undefined {
  const [value = '', system = '', code = '', ...rest] = splitEscaped(text, '|').map(unescape);
  const { prefix, rest: digits } = how === undefined ? splitPrefix(value) : { prefix: how, rest: value };
  const number = parseNumber(digits);
  if (number === undefined || rest.length > 0)
    return report(context, 'A quantity of the form number, number|system|code or number||code is expected.');
  const test = numberTest(prefix, number);
  const inSystem = system === '' ? [] : [`|${short(system)}`];
  if (code === '') return [{ ...test, ...(system === '' ? {} : { units: inSystem }) }];
  const canonical = system === UCUM ? canonicalTest(prefix, number, code) : undefined;
  if (canonical !== undefined) return [canonical];
  return [`=${code}`, `~${fold(code)}`].map((unit) => ({ ...test, units: [...inSystem, unit] }));
}

/** The match of a test under one key. */
export function rangeMatch(
  key: string,
  test: Test,
  extra: { units?: readonly string[]; systems?: string; narrow?: boolean } = {},
): Match {
  return { kind: 'range', key, ...test, ...extra };
}

/** Types whose values never span more than their own precision. */
const POINTS = new Set([
  'instant',
  'integer',
  'decimal',
  'positiveInt',
  'unsignedInt',
  'Quantity',
  'Money',
  'Age',
  'Duration',
  'Count',
  'Distance',
]);

const isNarrowOnly = (parameter: Parameter): boolean =>
  parameter.types.size > 0 && [...parameter.types].every((type) => POINTS.has(type));

function each(parameter: Parameter, build: (key: string, narrow: boolean) => Match): Match {
  const narrow = isNarrowOnly(parameter);
  return anyOf(parameter.parts.map(({ key }) => build(key, narrow)));
}

export function parseDateValue(
  parameter: Parameter,
  value: string,
  context: ParseContext,
  how?: Prefix | 'po',
): Match | undefined {
  const test = parseDateTest(unescape(value), context, how);
  return test && each(parameter, (key, narrow) => rangeMatch(key, test, { narrow }));
}

export function parseNumberValue(
  parameter: Parameter,
  value: string,
  context: ParseContext,
  how?: Prefix,
): Match | undefined {
  const test = parseNumberTest(unescape(value), context, how);
  return test && each(parameter, (key, narrow) => rangeMatch(key, test, { narrow }));
}

export function parseQuantityValue(
  parameter: Parameter,
  value: string,
  context: ParseContext,
  how?: Prefix,
): Match | undefined {
  const tests = parseQuantityTests(value, context, how);
  if (tests === undefined) return undefined;
  return each(parameter, (key, narrow) =>
    anyOf(
      tests.map(({ dimension, units, ...test }) =>
        rangeMatch(dimension === undefined ? key : dimensionKey(key, dimension), test, {
          narrow,
          ...(units === undefined ? {} : { units }),
        }),
      ),
    ),
  );
}
