import Ajv2020 from 'ajv/dist/2020';
import type { ErrorObject, ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { ProblemError } from '../fhir';
import type { Exchange } from '../http';
import type { Schema } from './schema';

const ajv = new Ajv2020({
  allErrors: true,
  verbose: true,
  strict: true,
  allowUnionTypes: true,
  strictTypes: false,
});
addFormats(ajv);
for (const keyword of ['x-expected', 'x-message', 'example']) ajv.addKeyword(keyword);
ajv.addKeyword({
  keyword: 'x-past',
  type: 'string',
  validate: (_wanted: boolean, date: string) => date <= new Date().toISOString().slice(0, 10),
  errors: false,
});
ajv.addKeyword({
  keyword: 'x-some',
  type: 'object',
  validate: (_wanted: boolean, value: object) => Object.values(value).some((one) => one !== null),
  errors: false,
});

/** What is wrong with one field of a body. Carries no value. */
export interface FieldFault {
  /** Path such as `insurance.copay` or `items[0].quantity`; empty for the body itself. */
  field: string;
  kind: 'required' | 'unknown' | 'value';
  /** What a value must be: "must be <expected>". */
  expected: string;
  /** A wording of the document's own, where it has one. */
  message?: string;
}

/** Longest field name that is echoed; a caller's own could be anything. */
const LONGEST_NAME = 64;

/** What is still to be compiled, of all faces that were loaded. */
const pending = new Set<() => ValidateFunction>();

/** Compiles all schemas, before the server listens: some milliseconds each, which commands of the operator do without. */
export function compileBodies(): void {
  for (const compile of pending) compile();
}

/** A check of bodies against a schema: all faults at once, none when the body fits. Compiled once, by `compileBodies`. */
export function compileBody(schema: Schema): (body: unknown) => FieldFault[] {
  let made: ValidateFunction | undefined;
  const compiled = (): ValidateFunction => {
    pending.delete(compiled);
    return (made ??= ajv.compile(schema));
  };
  pending.add(compiled);
  return (body) => {
    const validate = made ?? compiled();
    if (validate(body)) return [];
    const faults = new Map<string, FieldFault>();
    for (const fault of (validate.errors ?? []).map(faultOf)) {
      const key = `${fault.kind} ${fault.field} ${fault.expected}`;
      if (!faults.has(key)) faults.set(key, fault);
    }
    return [...faults.values()];
  };
}

/**
 * The JSON of a request; undefined when it has no body.
 * @throws ProblemError unsupported-media-type or malformed, which each face words and numbers as its document does.
 */
export function jsonOf(x: Exchange): unknown {
  if (x.body === '') return undefined;
  const type = x.req.headers['content-type'];
  if (type !== undefined && type.split(';')[0]?.trim().toLowerCase() !== 'application/json') {
    throw new ProblemError('unsupported-media-type', 'Content-Type must be application/json');
  }
  try {
    return JSON.parse(x.body) as unknown;
  } catch {
    throw new ProblemError('malformed', 'The body is not valid JSON');
  }
}

function faultOf(error: ErrorObject): FieldFault {
  const at = fieldPath(error.instancePath);
  const { keyword, params, parentSchema } = error as ErrorObject<string, Record<string, unknown>, Schema>;
  const below = (name: unknown): string => [...(at === '' ? [] : [at]), shortName(String(name))].join('.');
  if (keyword === 'required')
    return { field: below(params['missingProperty']), kind: 'required', expected: 'given' };
  if (keyword === 'additionalProperties') {
    return {
      field: below(params['additionalProperty']),
      kind: 'unknown',
      expected: 'a field of this endpoint',
    };
  }
  const message = parentSchema?.['x-message'];
  return {
    field: at,
    kind: 'value',
    expected: String(parentSchema?.['x-expected'] ?? kindOf(parentSchema)),
    ...(message !== undefined && { message: String(message) }),
  };
}

/** `/items/0/quantity` as `items[0].quantity`. */
function fieldPath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce(
      (path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === '' ? part : `${path}.${part}`),
      '',
    );
}

const KINDS: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a text',
  boolean: 'true or false',
  integer: 'a whole number',
  number: 'a number',
};

function kindOf(schema: Schema | undefined): string {
  const type = schema?.['type'];
  const first = Array.isArray(type) ? String(type[0]) : String(type);
  return KINDS[first] ?? 'valid';
}

function shortName(name: string): string {
  return name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name;
}
