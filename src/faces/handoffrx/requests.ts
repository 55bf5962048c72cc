import Ajv2020 from 'ajv/dist/2020';
import type { ErrorObject, ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { ProblemError } from '../../fhir';
import type { Exchange } from '../../http';
import type { QueryParameter, Schema } from './schemas';

const ajv = new Ajv2020({
  allErrors: true,
  verbose: true,
  strict: true,
  allowUnionTypes: true,
  strictTypes: false,
});
addFormats(ajv);
ajv.addKeyword('x-expected');
ajv.addKeyword('example');
ajv.addKeyword({
  keyword: 'x-past',
  type: 'string',
  validate: (_wanted: boolean, date: string) => date <= new Date().toISOString().slice(0, 10),
  errors: false,
});

/** Problems told at once; a body of ten thousand wrong fields does not need ten thousand. */
const MOST_PROBLEMS = 30;
const LONGEST_NAME = 64;

/** Compiles a schema to a reader of JSON bodies. */
export function bodyReader<T>(schema: Schema): (x: Exchange) => T {
  const validate = ajv.compile<T>(schema);
  return (x) => readBody(x, validate);
}

/**
 * The body of a request.
 * @throws ProblemError invalid (422): content type, JSON, or all fields that do not fit; names fields, echoes no value.
 */
function readBody<T>(x: Exchange, validate: ValidateFunction<T>): T {
  const type = x.req.headers['content-type'];
  if (type !== undefined && type.split(';')[0]?.trim().toLowerCase() !== 'application/json') {
    throw invalid(['Content-Type must be application/json']);
  }
  const body = parse(x.body);
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw invalid(['The body must be a JSON object']);
  if (validate(body)) return body;
  throw invalid([...new Set((validate.errors ?? []).flatMap(problemOf))]);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(['The body is not valid JSON']);
  }
}

function problemOf(error: ErrorObject): string[] {
  const field = error.instancePath.slice(1).replaceAll('/', '.');
  const { keyword, params, parentSchema } = error as ErrorObject<string, Record<string, unknown>, Schema>;
  if (keyword === 'required') return [`${String(params['missingProperty'])} is required`];
  if (keyword === 'additionalProperties')
    return [`unknown field: ${shortName(String(params['additionalProperty']))}`];
  if (keyword === 'minProperties') return ['nothing to change: give status or outcome_notes'];
  const expected =
    parentSchema?.['x-expected'] ?? (error.schemaPath.includes('/allOf/') ? JUSTIFIED : 'valid');
  return [`${field} must be ${String(expected)}`];
}

/** The one field with two patterns; the error's own schema is one of them. */
const JUSTIFIED = 'a text of at least 10 characters (ARS 36-2212)';

function shortName(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
}

/** A 422 that names all problems. */
export function invalid(problems: readonly string[]): ProblemError {
  const more = problems.length - MOST_PROBLEMS;
  const told = problems.slice(0, MOST_PROBLEMS).join('; ');
  return new ProblemError('invalid', more > 0 ? `${told}; and ${more} more` : told);
}

export type QueryValues = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * The query of a request; integers above their maximum are taken as that, defaults filled in.
 * @throws ProblemError invalid (422) naming unknown and repeated parameters and values that do not fit.
 */
export function readQuery(x: Exchange, parameters: Readonly<Record<string, QueryParameter>>): QueryValues {
  const { searchParams } = new URL(x.req.originalUrl, 'http://localhost');
  const values: Record<string, string | number | boolean | undefined> = {};
  const problems: string[] = [];
  for (const [name, parameter] of Object.entries(parameters)) values[name] = parameter.default;
  for (const name of new Set(searchParams.keys())) {
    const [text = '', ...others] = searchParams.getAll(name);
    const parameter = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    if (parameter === undefined) problems.push(`unknown query parameter: ${shortName(name)}`);
    else if (others.length > 0) problems.push(`${name} is given more than once`);
    else {
      const value = readValue(text, parameter);
      if (value === undefined) problems.push(`${name} must be ${expectedOf(parameter)}`);
      values[name] = value;
    }
  }
  if (problems.length > 0) throw invalid(problems);
  return values;
}

function readValue(text: string, parameter: QueryParameter): string | number | boolean | undefined {
  const { kind, values = [], minimum = 0, maximum = Number.MAX_SAFE_INTEGER } = parameter;
  if (kind === 'choice') return values.find((value) => value.toLowerCase() === text.toLowerCase());
  if (kind === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  return number >= minimum ? Math.min(number, maximum) : undefined;
}

function expectedOf({ kind, values = [], minimum = 0 }: QueryParameter): string {
  if (kind === 'choice') return `one of ${values.join(', ')}`;
  return kind === 'boolean' ? 'true or false' : `a whole number, at least ${minimum}`;
}
