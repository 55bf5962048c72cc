/** MongoDB's error codes that this room raises (src: mongodb/mongo error_codes.yml). */
const CODE_NAMES = {
  2: 'BadValue',
  9: 'FailedToParse',
  14: 'TypeMismatch',
  28: 'PathNotViable',
  40: 'ConflictingUpdateOperators',
  52: 'DollarPrefixedFieldName',
  53: 'InvalidIdField',
  54: 'NotSingleValueField',
  56: 'EmptyFieldName',
  57: 'DottedFieldName',
  66: 'ImmutableField',
  67: 'CannotCreateIndex',
  115: 'CommandNotSupported',
  146: 'ExceededMemoryLimit',
  168: 'InvalidPipelineOperator',
  171: 'CannotIndexParallelArrays',
  238: 'NotImplemented',
  292: 'QueryExceededMemoryLimitNoDiskUseAllowed',
} as const;

/** An error a MongoDB command answers with: `{ ok: 0, errmsg, code, codeName }`. */
export class CommandError extends Error {
  readonly code: number;
  readonly codeName: string;

  /** A code without a name of its own is answered as `Location<code>`, as MongoDB does. */
  constructor(code: number, message: string) {
    super(message);
    this.name = 'CommandError';
    this.code = code;
    this.codeName = (CODE_NAMES as Record<number, string>)[code] ?? `Location${code}`;
  }
}

/** A part of MongoDB that this server does not have; it is named, never approximated. */
export function notSupported(what: string): CommandError {
  return new CommandError(
    238,
    `${what} is not supported by the embedded database; use a MongoDB server (MONGODB_URI)`,
  );
}
