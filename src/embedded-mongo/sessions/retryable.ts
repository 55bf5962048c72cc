import { Long } from 'bson';
import { ServerError } from '../errors';
import type { Document } from '../semantics';
import { decode, encodeUnlimited } from '../storage/codec';
import type { View, Writer } from '../storage/view';
import { afterPrefix, scanRange } from '../storage/view';

/** Sessions that nobody used for so long are forgotten; MongoDB's logicalSessionTimeoutMinutes. */
export const SESSION_TIMEOUT_MINUTES = 30;

/** The head of a session's record in the `sessions` table, under the session's id. */
interface Head {
  txnNumber: bigint;
  /** Result of statement 0, or of commitTransaction. */
  first: Document | undefined;
  /** Further statements lie under `[id][1][statement u32]`. */
  more: boolean;
}

/** One statement of a retryable write: which session, which number, which place in the command. */
export interface Statement {
  session: Buffer;
  txnNumber: bigint;
  statement: number;
}

/**
 * The result a retryable write left when it was done before, written in the same commit as the write itself.
 * @throws ServerError 225 when the session has gone on to a later number
 */
export function recordedResult(
  view: View,
  { session, txnNumber, statement }: Statement,
): Document | undefined {
  const head = readHead(view, session);
  if (!head || head.txnNumber < txnNumber) return undefined;
  if (head.txnNumber > txnNumber) {
    throw new ServerError(
      225,
      `Retryable write with txnNumber ${txnNumber} is prohibited on session because a newer retryable write with txnNumber ${head.txnNumber} has already started on this session.`,
    );
  }
  if (statement === 0) return head.first;
  const bytes = head.more ? view.get('sessions', statementKey(session, statement)) : undefined;
  return bytes && decode(bytes);
}

/** Remembers the result of a statement; to be called in the operation that does the write. */
export function recordResult(
  writer: Writer,
  { session, txnNumber, statement }: Statement,
  result: Document,
): void {
  const head = readHead(writer, session);
  const same = head?.txnNumber === txnNumber;
  if (head?.more && !same) forgetStatements(writer, session);
  const next: Head = {
    txnNumber,
    first: statement === 0 ? result : same ? head.first : undefined,
    more: statement > 0 || (same && head.more),
  };
  if (statement > 0) writer.put('sessions', statementKey(session, statement), encodeUnlimited(result));
  if (statement === 0 || !same || !head.more) writeHead(writer, session, next);
}

function forgetStatements(writer: Writer, session: Buffer): void {
  const prefix = Buffer.concat([session, Buffer.from([1])]);
  for (const { key } of [...scanRange(writer, 'sessions', prefix, afterPrefix(prefix))]) {
    writer.remove('sessions', key);
  }
}

/** Removes sessions unused since `before`. @returns how many */
export function expireSessions(writer: Writer, before: Date): number {
  let removed = 0;
  for (const { key, value } of [...scanRange(writer, 'sessions', Buffer.from([0]), Buffer.alloc(64, 0xff))]) {
    if (key.length !== SESSION_ID_BYTES || (decode(value)['used'] as Date) >= before) continue;
    forgetStatements(writer, key);
    writer.remove('sessions', key);
    removed++;
  }
  return removed;
}

/** A session's id: 16 bytes of UUID and a hash of nobody, since there are no users. */
export const SESSION_ID_BYTES = 16;

function statementKey(session: Buffer, statement: number): Buffer {
  const key = Buffer.allocUnsafe(session.length + 5);
  session.copy(key);
  key[session.length] = 1;
  key.writeUInt32BE(statement, session.length + 1);
  return key;
}

function readHead(view: View, session: Buffer): Head | undefined {
  const bytes = view.get('sessions', session);
  if (!bytes) return undefined;
  const stored = decode(bytes);
  return {
    txnNumber: (stored['txnNumber'] as Long).toBigInt(),
    first: (stored['first'] as Document | null) ?? undefined,
    more: stored['more'] === true,
  };
}

function writeHead(writer: Writer, session: Buffer, head: Head): void {
  const document = {
    txnNumber: Long.fromBigInt(head.txnNumber),
    used: new Date(),
    first: head.first ?? null,
    more: head.more,
  };
  writer.put('sessions', session, encodeUnlimited(document));
}
