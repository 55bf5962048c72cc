import { CommandError } from './semantics';

/** MongoDB's error codes that the server itself raises (mongodb/mongo: src/mongo/base/error_codes.yml). */
const CODE_NAMES = {
  2: 'BadValue',
  9: 'FailedToParse',
  11: 'UserNotFound',
  14: 'TypeMismatch',
  20: 'IllegalOperation',
  26: 'NamespaceNotFound',
  27: 'IndexNotFound',
  43: 'CursorNotFound',
  48: 'NamespaceExists',
  50: 'MaxTimeMSExpired',
  59: 'CommandNotFound',
  66: 'ImmutableField',
  67: 'CannotCreateIndex',
  72: 'InvalidOptions',
  73: 'InvalidNamespace',
  85: 'IndexOptionsConflict',
  86: 'IndexKeySpecsConflict',
  91: 'ShutdownInProgress',
  100: 'UnsatisfiableWriteConcern',
  112: 'WriteConflict',
  115: 'CommandNotSupported',
  117: 'ConflictingOperationInProgress',
  225: 'TransactionTooOld',
  238: 'NotImplemented',
  251: 'NoSuchTransaction',
  256: 'TransactionCommitted',
  263: 'OperationNotSupportedInTransaction',
  276: 'IndexBuildAborted',
  292: 'QueryExceededMemoryLimitNoDiskUseAllowed',
  10334: 'BSONObjectTooLarge',
  11000: 'DuplicateKey',
  14031: 'OutOfDiskSpace',
  17280: 'KeyTooLong',
} as const;

export type ServerErrorCode = keyof typeof CODE_NAMES;

/** A {@link CommandError} of the engine: storage, sessions, commands; with error labels and further fields. */
export class ServerError extends CommandError {
  override readonly codeName: string;

  constructor(
    code: ServerErrorCode,
    message: string,
    readonly labels: readonly string[] = [],
    /** Further fields of the error document, such as `keyPattern` and `keyValue` of a duplicate key. */
    readonly fields: Readonly<Record<string, unknown>> = {},
  ) {
    super(code, message);
    this.codeName = CODE_NAMES[code];
  }
}

const TRANSIENT = ['TransientTransactionError'];

/** First writer wins: the transaction that comes second is told so and may be run again. */
export function writeConflict(): ServerError {
  return new ServerError(
    112,
    'Caused by :: Write conflict during plan execution and yielding is disabled. :: Please retry your operation or multi-document transaction.',
    TRANSIENT,
  );
}

export function noSuchTransaction(message: string): ServerError {
  return new ServerError(251, message, TRANSIENT);
}
