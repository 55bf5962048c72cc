import type { Exchange } from '../http';
import type { Schema } from './schema';

/** A query parameter of a vendor's endpoint. Values are texts; `integer` ones are whole numbers in digits. */
export interface QueryParameter {
  description: string;
  kind: 'integer' | 'choice' | 'boolean' | 'text' | 'date' | 'time' | 'list';
  /** Of a choice (case does not count) or a list separated by commas. */
  values?: readonly string[];
  /** Of an integer. */
  minimum?: number;
  /** Of an integer: what is above is taken as this. */
  maximum?: number;
  default?: number | string | boolean;
  /** Must be given. */
  required?: boolean;
}

export type QueryParameters = Readonly<Record<string, QueryParameter>>;
export type QueryValue = string | number | boolean | readonly string[] | undefined;
export type QueryValues = Readonly<Record<string, QueryValue>>;

/** What is wrong with a parameter of a query. Carries no value. */
export interface QueryFault {
  parameter: string;
  kind: 'unknown' | 'repeated' | 'value' | 'required';
  /** What a value must be: "must be <expected>". */
  expected: string;
}

const LONGEST_NAME = 64;
const LONGEST_TEXT = 500;

/** Reads the query of a request: values with defaults filled in, and all that is wrong with it. */
export function readQuery(
  x: Exchange,
  parameters: QueryParameters,
): { values: QueryValues; faults: QueryFault[] } {
  const { searchParams } = new URL(x.req.originalUrl, 'http://localhost');
  const values: Record<string, QueryValue> = {};
  const faults: QueryFault[] = [];
  for (const [name, { default: initial, required }] of Object.entries(parameters)) {
    values[name] = initial;
    if (required === true && !searchParams.has(name)) {
      faults.push({ parameter: name, kind: 'required', expected: 'given' });
    }
  }
  for (const name of new Set(searchParams.keys())) {
    const [value = '', ...others] = searchParams.getAll(name);
    const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (parameter === undefined) {
      faults.push({
        parameter: name.slice(0, LONGEST_NAME),
        kind: 'unknown',
        expected: 'a parameter of this endpoint',
      });
    } else if (others.length > 0) {
      faults.push({ parameter: name, kind: 'repeated', expected: 'given once' });
    } else {
      const read = readValue(value, parameter);
      if (read === undefined)
        faults.push({ parameter: name, kind: 'value', expected: expectedOf(parameter) });
      values[name] = read;
    }
  }
  return { values, faults };
}

const DATE = /^\d{4}-\d\d-\d\d$/;
/** Hours and zones as FHIR has them: searches are made of these times. https://hl7.org/fhir/R4/datatypes.html#dateTime */
const TIME =
  /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))?$/;

function readValue(value: string, parameter: QueryParameter): QueryValue {
  const { kind, values = [], minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = parameter;
  switch (kind) {
    case 'choice':
      return values.find((one) => one.toLowerCase() === value.toLowerCase());
    case 'boolean':
      return value === 'true' ? true : value === 'false' ? false : undefined;
    case 'text':
      return value.length <= LONGEST_TEXT ? value : undefined;
    case 'date':
      return isDate(value) ? value : undefined;
    case 'time':
      return isDate(value) || (TIME.test(value) && isDate(value.slice(0, 10)) && isTime(value))
        ? value
        : undefined;
    case 'list': {
      const words = value.split(',').map((word) => word.trim());
      return words.every((word) => values.includes(word)) ? words : undefined;
    }
    case 'integer': {
      const number = /^\d{1,100}$/.test(value) ? Number(value) : Number.NaN;
      return number >= minimum ? Math.min(number, maximum) : undefined;
    }
  }
}

function isDate(value: string): boolean {
  if (!DATE.test(value) || value.startsWith('0000')) return false;
  const at = new Date(`${value}T00:00:00Z`);
  return Number.isFinite(at.getTime()) && at.toISOString().startsWith(value);
}

function isTime(value: string): boolean {
  return Number.isFinite(Date.parse(value));
}

function expectedOf({ kind, values = [], minimum = 0 }: QueryParameter): string {
  const expected: Record<QueryParameter['kind'], string> = {
    choice: `one of ${values.join(', ')}`,
    list: `one or more of ${values.join(', ')}, separated by commas`,
    boolean: 'true or false',
    text: `a text of at most ${LONGEST_TEXT} characters`,
    date: 'a date (YYYY-MM-DD)',
    time: 'a date or time (ISO 8601)',
    integer: `a whole number, at least ${minimum}`,
  };
  return expected[kind];
}

/** The JSON Schema of a parameter, for OpenAPI. */
export function parameterSchema({ kind, values, minimum, default: initial }: QueryParameter): Schema {
  const items = { type: 'string', ...(values && { enum: values }) };
  const schema: Schema =
    kind === 'list'
      ? { type: 'array', items }
      : {
          type: kind === 'integer' || kind === 'boolean' ? kind : 'string',
          ...(values && { enum: values }),
          ...(kind === 'date' && { format: 'date' }),
        };
  return {
    ...schema,
    ...(minimum !== undefined && { minimum }),
    ...(initial !== undefined && { default: initial }),
  };
}
