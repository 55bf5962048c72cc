import {
  compileBody,
  type FieldFault,
  jsonOf,
  type QueryParameters,
  type QueryValues,
  readQuery as read,
  type Schema,
} from '../../contract';
import { ProblemError } from '../../fhir';
import type { Exchange } from '../../http';

/** Problems told at once; a body of ten thousand wrong fields does not need ten thousand. */
const MOST_PROBLEMS = 30;

/**
 * Compiles a schema to a reader of JSON bodies.
 * @returns a function that throws ProblemError invalid (422): content type, JSON, or all fields that do not fit; it names
 * fields and echoes no value.
 */
export function bodyReader<T>(schema: Schema): (x: Exchange) => T {
  const check = compileBody(schema);
  return (x) => {
    const body = bodyOf(x);
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      throw invalid(['The body must be a JSON object']);
    const faults = check(body);
    if (faults.length > 0) throw invalid([...new Set(faults.map(messageOf))]);
    return body as T;
  };
}

/** The document has no 400: what cannot be read is 422 as well. */
function bodyOf(x: Exchange): unknown {
  try {
    return jsonOf(x);
  } catch (error) {
    throw error instanceof ProblemError ? invalid([error.message]) : error;
  }
}

function messageOf({ field, kind, expected, message }: FieldFault): string {
  if (kind === 'required') return `${field} is required`;
  if (kind === 'unknown') return `unknown field: ${field}`;
  return message ?? `${field} must be ${expected}`;
}

/** A 422 that names all problems. */
export function invalid(problems: readonly string[]): ProblemError {
  const more = problems.length - MOST_PROBLEMS;
  const told = problems.slice(0, MOST_PROBLEMS).join('; ');
  return new ProblemError('invalid', more > 0 ? `${told}; and ${more} more` : told);
}

/**
 * The query of a request; integers above their maximum are taken as that, defaults filled in.
 * @throws ProblemError invalid (422) naming unknown and repeated parameters and values that do not fit.
 */
export function readQuery(x: Exchange, parameters: QueryParameters): QueryValues {
  const { values, faults } = read(x, parameters);
  if (faults.length === 0) return values;
  throw invalid(
    faults.map(({ parameter, kind, expected }) => {
      if (kind === 'unknown') return `unknown query parameter: ${parameter}`;
      return kind === 'repeated'
        ? `${parameter} is given more than once`
        : `${parameter} must be ${expected}`;
    }),
  );
}
