/**
 * JSON Schemas of vendor APIs: bodies are validated with them, and the OpenAPI documents show the same.
 * `x-expected` is what an error says of a field that does not fit ("must be ...").
 */
export type Schema = Readonly<Record<string, unknown>>;

/** Legal FHIR text: something visible, no control characters but line breaks and tabs, no half of a surrogate pair. */
export const TEXT = '^(?=[\\s\\S]*\\S)(?:[^\\p{Cc}\\p{Cs}]|[\\t\\n\\r])*$';

/** A text that is not blank, without control characters. @param maxLength in characters */
export function text(maxLength: number, description: string, example: string): Schema {
  return {
    type: 'string',
    minLength: 1,
    maxLength,
    pattern: TEXT,
    'x-expected': `a text of 1 to ${maxLength} characters`,
    description,
    example,
  };
}

/** The same, or null for "not given". */
export function orNull(schema: Schema): Schema {
  const values = schema['enum'] as readonly unknown[] | undefined;
  return { ...schema, type: [schema['type'], 'null'], ...(values && { enum: [...values, null] }) };
}

/** One of these words, as written. */
export function oneOf(values: readonly string[], description?: string): Schema {
  return {
    type: 'string',
    enum: values,
    'x-expected': `one of ${values.join(', ')}`,
    ...(description !== undefined && { description }),
  };
}

/** A calendar date that FHIR can hold. */
export const DATE: Schema = {
  type: 'string',
  format: 'date',
  pattern: '^(?!0000)',
  'x-expected': 'a date (YYYY-MM-DD)',
  example: '2024-01-20',
};

/** A time with its offset from UTC, that FHIR can hold. */
export const TIME: Schema = {
  type: 'string',
  format: 'date-time',
  pattern: '^(?!0000)\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(?:\\.\\d{1,9})?(?:Z|[+-]\\d\\d:\\d\\d)$',
  'x-expected': 'a time with its zone, such as 2024-01-20T11:00:00Z',
  example: '2024-01-20T11:00:00Z',
};

/** Times in answers: UTC. */
export const INSTANT: Schema = { type: 'string', format: 'date-time', pattern: 'Z$' };

/** An object of an answer: all of these fields, no others. */
export function exactly(properties: Record<string, unknown>): Schema {
  return { type: 'object', additionalProperties: false, required: Object.keys(properties), properties };
}

/** An object of a request: no other fields than these. */
export function object(properties: Record<string, unknown>, required: readonly string[] = []): Schema {
  return { type: 'object', additionalProperties: false, required, properties };
}

/** A list of at most `maxItems`. */
export function listOf(items: Schema, maxItems?: number): Schema {
  return { type: 'array', items, ...(maxItems !== undefined && { maxItems }) };
}
