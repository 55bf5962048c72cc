/** What the driver's errors mean to a caller. */
import { mongo } from 'mongoose';
import { ProblemError } from '../fhir';

/** https://www.mongodb.com/docs/manual/reference/error-codes/ */
export const DUPLICATE_KEY = 11_000;
const WRITE_CONFLICT = 112;
/** Codes of a document beyond 16 MB, of a nesting beyond 100 levels, and of a transaction beyond its limits. */
const TOO_LARGE = new Set([10_334, 17_280, 2, 15, 257]);

export function isDuplicateKey(error: unknown): boolean {
  return error instanceof mongo.MongoServerError && error.code === DUPLICATE_KEY;
}

/** True when the same transaction may succeed when it is run again from its beginning. */
export function isTransient(error: unknown): boolean {
  return (
    isConflict(error) ||
    (error instanceof mongo.MongoError && error.hasErrorLabel('TransientTransactionError'))
  );
}

/** True when it is another writer, and not the network, that stands in the way. */
export function isConflict(error: unknown): boolean {
  return (
    error instanceof TransactionConflict ||
    (error instanceof mongo.MongoServerError && error.code === WRITE_CONFLICT)
  );
}

/** A document that the transaction read was changed by another one: like MongoDB's own write conflict. */
export class TransactionConflict extends Error {}

export function raceLost(cause?: unknown): ProblemError {
  return new ProblemError('conflict', 'Others are changing the same resources; try again.', {
    headers: { 'Retry-After': '1' },
    cause,
  });
}

/** MongoDB's code for a command that took longer than it was given (MaxTimeMSExpired). */
const TIME_EXPIRED = 50;

export function searchTooLong(cause?: unknown): ProblemError {
  const message = 'The search takes too long and was given up. Narrow it down, for instance with a date.';
  return new ProblemError('unavailable', message, {
    issues: [{ severity: 'error', code: 'too-costly', diagnostics: message }],
    headers: { 'Retry-After': '30' },
    cause,
  });
}

/**
 * The problem behind a failure of the database. Messages never quote the driver's, which quote documents;
 * the cause is kept for the log. Anything that is not the database's comes back as it is.
 */
export function problemOf(error: unknown): unknown {
  if (error instanceof TransactionConflict) return raceLost(error);
  if (!(error instanceof mongo.MongoError)) {
    // The serializer's buffer overflows, or, now and then, V8's stack over a text of tens of megabytes.
    const isOversize = error instanceof RangeError && /out of range|offset|call stack/i.test(error.message);
    return isOversize
      ? new ProblemError('too-large', 'The resource is too large to be stored.', { cause: error })
      : error;
  }
  if (error instanceof mongo.MongoServerError && error.code === TIME_EXPIRED) return searchTooLong(error);
  if (isDuplicateKey(error)) return new ProblemError('conflict', 'The id is taken.', { cause: error });
  if (isConflict(error)) return raceLost(error);
  const isOversize =
    (error instanceof mongo.MongoServerError &&
      TOO_LARGE.has(Number(error.code)) &&
      /size|large|depth|nest|deep/i.test(error.message)) ||
    (error instanceof mongo.MongoInvalidArgumentError && /larger than/i.test(error.message));
  if (isOversize)
    return new ProblemError('too-large', 'The resource is too large to be stored.', { cause: error });
  if (isOutage(error)) {
    return new ProblemError('unavailable', 'The database does not answer.', {
      headers: { 'Retry-After': '5' },
      cause: error,
    });
  }
  return new ProblemError('internal', 'The database refused the operation.', { cause: error });
}

/** True when the database is away, for everything that is asked of it. */
export function isOutage(error: unknown): boolean {
  return (
    error instanceof mongo.MongoNetworkError ||
    error instanceof mongo.MongoServerSelectionError ||
    error instanceof mongo.MongoNotConnectedError ||
    error instanceof mongo.MongoTopologyClosedError ||
    error instanceof mongo.MongoWriteConcernError ||
    (error instanceof mongo.MongoBulkWriteError && error.result.getWriteConcernError() !== undefined) ||
    (error instanceof mongo.MongoError && OUTAGES.some((label) => error.hasErrorLabel(label)))
  );
}

/** Labels of failures that another try may not meet. */
const OUTAGES = [
  'RetryableWriteError',
  'TransientTransactionError',
  'UnknownTransactionCommitResult',
] as const;

/** Runs an operation and throws its failure as a ProblemError. */
export async function withProblems<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw problemOf(error);
  }
}
