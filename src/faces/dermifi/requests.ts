import {
  compileBody,
  type FieldFault,
  jsonOf,
  type QueryParameters,
  type QueryValues,
  readQuery,
  type Schema,
} from '../../contract';
import { fieldProblem, ProblemError } from '../../fhir';
import type { Exchange } from '../../http';

/** Message of a refused body or query. Dermifi, "Error Response Format". */
export const INVALID = 'Invalid request parameters';

/** Problems told at once; a body of ten thousand wrong fields does not need ten thousand. */
const MOST_PROBLEMS = 100;

/** A reader of JSON bodies; `optional` ones may be left out. Compile at start. */
export function bodyReader<T>(schema: Schema, options: { optional?: boolean } = {}): (x: Exchange) => T {
  const check = compileBody(schema);
  return (x) => {
    const body = jsonOf(x) ?? (options.optional === true ? {} : undefined);
    if (body === undefined) throw new ProblemError('malformed', 'The body must be a JSON object');
    return checked<T>(check, body);
  };
}

/** @throws ProblemError invalid (422) naming all fields that do not fit. */
export function checked<T>(check: (body: unknown) => FieldFault[], body: unknown): T {
  const faults = check(body);
  if (faults.length === 0) return body as T;
  throw fieldProblem(
    'invalid',
    INVALID,
    faults
      .slice(0, MOST_PROBLEMS)
      .map((fault) => ({ field: fault.field || 'body', message: messageOf(fault) })),
  );
}

function messageOf({ kind, expected, message }: FieldFault): string {
  if (kind === 'required') return 'This field is required';
  if (kind === 'unknown') return 'Unknown field';
  return message ?? `Must be ${expected}`;
}

/**
 * The query of a request, defaults filled in.
 * @throws ProblemError malformed (400) naming unknown and repeated parameters and values that do not fit.
 */
export function queryReader<T = QueryValues>(parameters: QueryParameters): (x: Exchange) => T {
  return (x) => {
    const { values, faults } = readQuery(x, parameters);
    if (faults.length === 0) return values as T;
    const told = {
      unknown: 'Unknown parameter',
      repeated: 'Must be given once',
      required: 'This parameter is required',
    };
    throw fieldProblem(
      'malformed',
      INVALID,
      faults.map(({ parameter, kind, expected }) => ({
        field: parameter,
        message: kind === 'value' ? `Must be ${expected}` : told[kind],
      })),
    );
  };
}
