import { ServerError } from '../errors';
import type { Document } from '../semantics';
import { decode } from '../storage/codec';
import type { View, Writer } from '../storage/view';
import { afterPrefix, scanRange, successor } from '../storage/view';

/** A session's id: 16 bytes of UUID and a hash of nobody, since there are no users. */
export const SESSION_ID_BYTES = 16;

/**
 * The head of a session's record in the `sessions` table, under the session's id: a byte for the form, one that says
 * whether there are further statements, the number (u64), when it was used (double, milliseconds), and the result of
 * statement 0, or of commitTransaction, as BSON.
 */
interface Head {
  txnNumber: bigint;
  first: Buffer | undefined;
  /** Further statements lie under `[id][1][statement u32]`: how many from there on (u32), the result of each as BSON. */
  more: boolean;
}

const FORM = 2;
const HEAD_BYTES = 18;

/** One statement of a retryable write: which session, which number, which place in the command. */
export interface Statement {
  session: Buffer;
  txnNumber: bigint;
  statement: number;
}

/**
 * The result a retryable write left when it was done before, written together with the write itself.
 * @throws ServerError 225 when the session has gone on to a later number
 */
export function recordedResult(view: View, statement: Statement): Document | undefined {
  const bytes = recordedBytes(view, statement);
  return bytes && decode(bytes);
}

/** The same as it was recorded. */
export function recordedBytes(view: View, { session, txnNumber, statement }: Statement): Buffer | undefined {
  const head = readHead(view, session);
  if (!head || head.txnNumber < txnNumber) return undefined;
  if (head.txnNumber > txnNumber) {
    throw new ServerError(
      225,
      `Retryable write with txnNumber ${txnNumber} is prohibited on session because a newer retryable write with txnNumber ${head.txnNumber} has already started on this session.`,
    );
  }
  if (statement === 0) return head.first;
  return head.more ? recordedFurther(view, session, statement) : undefined;
}

function recordedFurther(view: View, session: Buffer, statement: number): Buffer | undefined {
  const low = statementKey(session, 0);
  const high = successor(statementKey(session, statement));
  const [entry] = view.range('sessions', { low, high, reverse: true, limit: 1 }).entries;
  if (!entry) return undefined;
  const from = entry.key.readUInt32BE(entry.key.length - 4);
  return statement < from + entry.value.readUInt32BE(0) ? entry.value.subarray(4) : undefined;
}

/** Remembers the result (BSON) of `count` statements from this one on; to be called in the operation that does the write. */
export function recordResult(
  writer: Writer,
  { session, txnNumber, statement }: Statement,
  result: Buffer,
  count = 1,
): void {
  const head = readHead(writer, session);
  const same = head?.txnNumber === txnNumber;
  if (head?.more && !same) forgetStatements(writer, session);
  const further = statement === 0 ? count - 1 : count;
  const more = further > 0 || (same && head.more);
  if (further > 0) putFurther(writer, session, Math.max(1, statement), further, result);
  if (statement === 0 || !same || !head.more)
    putHead(writer, session, {
      txnNumber,
      first: statement === 0 ? result : same ? head.first : undefined,
      more,
    });
}

function putFurther(writer: Writer, session: Buffer, statement: number, count: number, result: Buffer): void {
  const value = Buffer.allocUnsafe(4 + result.length);
  value.writeUInt32BE(count, 0);
  result.copy(value, 4);
  writer.put('sessions', statementKey(session, statement), value);
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
    const used = value[0] === FORM && value.length >= HEAD_BYTES ? value.readDoubleBE(10) : 0;
    if (key.length !== SESSION_ID_BYTES || used >= before.getTime()) continue;
    forgetStatements(writer, key);
    writer.remove('sessions', key);
    removed++;
  }
  return removed;
}

function statementKey(session: Buffer, statement: number): Buffer {
  const key = Buffer.allocUnsafe(session.length + 5);
  session.copy(key);
  key[session.length] = 1;
  key.writeUInt32BE(statement, session.length + 1);
  return key;
}

function readHead(view: View, session: Buffer): Head | undefined {
  const bytes = view.get('sessions', session);
  if (!bytes || bytes[0] !== FORM || bytes.length < HEAD_BYTES) return undefined;
  return {
    txnNumber: bytes.readBigUInt64BE(2),
    first: bytes.length > HEAD_BYTES ? bytes.subarray(HEAD_BYTES) : undefined,
    more: bytes[1] === 1,
  };
}

function putHead(writer: Writer, session: Buffer, { txnNumber, first, more }: Head): void {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + (first?.length ?? 0));
  bytes[0] = FORM;
  bytes[1] = more ? 1 : 0;
  bytes.writeBigUInt64BE(txnNumber, 2);
  bytes.writeDoubleBE(Date.now(), 10);
  first?.copy(bytes, HEAD_BYTES);
  writer.put('sessions', session, bytes);
}
