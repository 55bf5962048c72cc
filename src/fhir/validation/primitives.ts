/** The JSON form and lexical form of primitive types. https://hl7.org/fhir/R4/datatypes.html#primitive */
import { isRealDate } from '../dates';
import { narrativeProblem } from './narrative';

/** What is wrong with a value of the type, in words that do not repeat it; undefined when it is good. */
export type PrimitiveCheck = (value: unknown) => string | undefined;

const MAX_STRING = 1024 * 1024;

// eslint-disable-next-line no-control-regex -- R4: strings have no control characters but tab, CR and LF
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;

/** Of ES2024, and in Node 20. */
const isWellFormed = (text: string): boolean => (text as string & { isWellFormed(): boolean }).isWellFormed();

function stringCheck(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'must be a JSON string';
  if (value.length === 0) return 'must not be empty';
  if (value.length > MAX_STRING) return 'must not be longer than 1 MB';
  if (CONTROL.test(value)) return 'must not have control characters';
  if (!isWellFormed(value)) return 'must not have half of a surrogate pair, which is no character';
  return value.trim() === '' ? 'must not be white space only' : undefined;
}

function matching(pattern: RegExp, what: string): PrimitiveCheck {
  return (value) => {
    if (typeof value !== 'string') return 'must be a JSON string';
    return pattern.test(value) && isWellFormed(value) ? undefined : `is not ${what}`;
  };
}

function dated(pattern: RegExp, what: string): PrimitiveCheck {
  return (value) => {
    if (typeof value !== 'string') return 'must be a JSON string';
    if (!pattern.test(value)) return `is not ${what}`;
    return isRealDate(value) ? undefined : 'is not a date that exists';
  };
}

function integer(minimum: number): PrimitiveCheck {
  return (value) => {
    if (typeof value !== 'number') return 'must be a JSON number';
    if (!Number.isInteger(value)) return 'must be a whole number';
    if (value > 2147483647) return 'must not be above 2147483647';
    return value >= minimum ? undefined : `must not be below ${minimum}`;
  };
}

const ZONE = '(?:Z|[+-](?:(?:0\\d|1[0-3]):[0-5]\\d|14:00))';
const DAY = '\\d{4}-\\d\\d-\\d\\d';
const CLOCK = '\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?';

const BASE64 = /^(?:[0-9A-Za-z+/]\s*){0,}(?:=\s*){0,2}$/;

/** Long base64 would make a backtracking pattern slow, so length and alphabet are looked at apart. */
function base64Check(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'must be a JSON string';
  if (value.length === 0) return 'must not be empty';
  const dense = /\s/.test(value) ? value.replace(/\s+/g, '') : value;
  const isDense = dense.length % 4 === 0 && !/[^0-9A-Za-z+/=]/.test(dense) && !/=[^=]|={3}/.test(dense);
  return isDense && (dense.length < 64 ? BASE64.test(dense) : true) ? undefined : 'is not base64';
}

const uri = matching(/^\S+$/, 'a URI');

/** By type name; a type that is not here is no primitive. */
export const PRIMITIVES: Readonly<Record<string, PrimitiveCheck>> = {
  boolean: (value) => (typeof value === 'boolean' ? undefined : 'must be a JSON boolean'),
  integer: integer(-2147483648),
  unsignedInt: integer(0),
  positiveInt: integer(1),
  decimal: (value) => (typeof value === 'number' ? undefined : 'must be a JSON number'),
  string: stringCheck,
  markdown: stringCheck,
  code: matching(/^[^\s]+(?:\s[^\s]+)*$/, 'a code'),
  id: matching(/^[A-Za-z0-9\-.]{1,64}$/, 'an id'),
  uri,
  url: uri,
  canonical: uri,
  oid: matching(/^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/, 'an OID'),
  uuid: matching(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i, 'a UUID'),
  base64Binary: base64Check,
  date: dated(/^\d{4}(?:-\d\d(?:-\d\d)?)?$/, 'a date (YYYY, YYYY-MM or YYYY-MM-DD)'),
  dateTime: dated(
    new RegExp(`^\\d{4}(?:-\\d\\d(?:-\\d\\d(?:T${CLOCK}${ZONE})?)?)?$`),
    'a dateTime (a time needs seconds and a zone)',
  ),
  instant: dated(new RegExp(`^${DAY}T${CLOCK}${ZONE}$`), 'an instant (seconds and a zone are needed)'),
  time: matching(/^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?$/, 'a time'),
  xhtml: (value) => (typeof value === 'string' ? narrativeProblem(value) : 'must be a JSON string'),
};
