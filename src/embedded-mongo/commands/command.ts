import type { Binary } from 'bson';
import { Long } from 'bson';
import { ServerError } from '../errors';
import { CommandError } from '../semantics';
import type { Document } from '../semantics';
import type { Engine } from '../engine';
import type { Transaction, TransactionFields } from '../sessions/transactions';
import type { Statement } from '../sessions/retryable';
import { SESSION_ID_BYTES } from '../sessions/retryable';
import { SnapshotView } from '../storage/view';
import type { View } from '../storage/view';
import { decode } from '../storage/codec';
import type { Request } from '../wire/message';
import type { Connection } from '../wire/connection';
import { enclose, rawElements } from '../wire/raw';

/** A command as it came, with what every command has in common. */
export interface Command {
  readonly name: string;
  readonly database: string;
  /** The decoded body, without the raw documents of an insert. */
  readonly body: Document;
  /** Documents of an insert, as they came. */
  readonly documents: readonly Buffer[];
  readonly connection: Connection;
  readonly session: Buffer | undefined;
  readonly txnNumber: bigint | undefined;
  /** The multi-document transaction this command is part of. */
  readonly transaction: Transaction | undefined;
  /** Milliseconds since the epoch after which the command gives up, from maxTimeMS. */
  readonly deadline: number;
}

/** A reply: a document (`ok: 1` is added), or one encoded already. */
export type Reply = Document | Buffer;
export type Handler = (command: Command, engine: Engine) => Reply | Promise<Reply>;

/** Fields that any command may carry. */
const COMMON = new Set([
  '$db',
  'lsid',
  'txnNumber',
  'startTransaction',
  'autocommit',
  'readConcern',
  'writeConcern',
  '$readPreference',
  '$clusterTime',
  'maxTimeMS',
  'comment',
  'apiVersion',
  'apiStrict',
  'apiDeprecationErrors',
  'stmtId',
  'stmtIds',
]);

/** @throws CommandError 40415 naming a field that the command does not have */
export function allowFields(body: Document, command: string, allowed: ReadonlySet<string>): void {
  for (const name of Object.keys(body)) {
    if (name === command || COMMON.has(name) || allowed.has(name)) continue;
    throw new CommandError(40415, `BSON field '${command}.${name}' is an unknown field.`);
  }
}

/** Decodes the body; an insert's documents stay raw, whether they come in the body or beside it. */
export function readBody(request: Request): { body: Document; documents: readonly Buffer[] } {
  const sequences = [...request.sequences];
  const first = rawElements(request.body).next().value;
  if (first?.name !== 'insert') {
    const body = decode(request.body);
    for (const [name, documents] of sequences) body[name] = documents.map(decode);
    return { body, documents: [] };
  }
  const kept: Buffer[] = [];
  let documents: Buffer[] = request.sequences.get('documents') ?? [];
  for (const element of rawElements(request.body)) {
    if (element.name === 'documents' && element.type === 4) {
      documents = [];
      for (const item of rawElements(request.body, element.start)) {
        if (item.type !== 3)
          throw new ServerError(
            14,
            `BSON field 'insert.documents.${item.name}' is the wrong type, expected type 'object'`,
          );
        documents.push(request.body.subarray(item.start, item.end));
      }
    } else kept.push(request.body.subarray(element.offset, element.end));
  }
  return { body: decode(enclose(kept)), documents };
}

/** The session's id: the UUID in `lsid`. */
export function sessionOf(body: Document): Buffer | undefined {
  const lsid = body['lsid'] as Document | undefined;
  if (lsid === undefined) return undefined;
  const id = lsid['id'] as Binary | undefined;
  if (id?.sub_type !== 4 || id.length() !== SESSION_ID_BYTES)
    throw new ServerError(
      14,
      "BSON field 'lsid.id' is the wrong type, expected type 'binData' of subtype UUID",
    );
  return Buffer.from(id.buffer.subarray(0, id.position));
}

export function txnNumberOf(body: Document): bigint | undefined {
  const value = body['txnNumber'];
  if (value === undefined) return undefined;
  if (!(value instanceof Long))
    throw new ServerError(14, "BSON field 'txnNumber' is the wrong type, expected type 'long'");
  return value.toBigInt();
}

/** The transaction fields of a command with `autocommit: false`. */
export function transactionFields(body: Document): TransactionFields | undefined {
  if (body['autocommit'] === undefined) {
    if (body['startTransaction'] !== undefined)
      throw new ServerError(72, "'startTransaction' field requires 'autocommit' field to also be specified");
    return undefined;
  }
  if (body['autocommit'] !== false)
    throw new ServerError(72, 'The field autocommit must be false in multi-document transactions');
  const session = sessionOf(body);
  const txnNumber = txnNumberOf(body);
  if (!session || txnNumber === undefined)
    throw new ServerError(72, "'autocommit' field requires a transaction number to also be specified");
  return { session, txnNumber, start: body['startTransaction'] === true };
}

/** What the command reads from: its transaction, or the latest commit. */
export function viewOf(command: Command, engine: Engine): View {
  return command.transaction?.view ?? new SnapshotView(engine.env);
}

/** `database.collection` named by the command's first field. */
export function namespaceOf(command: Command): string {
  const name = command.body[command.name];
  if (typeof name !== 'string') throw new ServerError(73, `collection name has invalid type ${typeof name}`);
  if (name === '') throw new ServerError(73, `Invalid namespace specified '${command.database}.'`);
  return `${command.database}.${name}`;
}

/** The retryable statement `index` of a command, when it is one. */
export function statementOf(command: Command, index: number): Statement | undefined {
  if (command.transaction || !command.session || command.txnNumber === undefined) return undefined;
  const ids = command.body['stmtIds'] as unknown[] | undefined;
  const statement = ids ? Number(ids[index]) : Number(command.body['stmtId'] ?? 0) + index;
  return { session: command.session, txnNumber: command.txnNumber, statement };
}

/** A whole number field such as limit or batchSize. */
export function wholeNumber(body: Document, name: string, fallback: number): number {
  const value = body[name];
  if (value === undefined || value === null) return fallback;
  const number = typeof value === 'object' || typeof value === 'number' ? Number(value) : Number.NaN;
  if (!Number.isInteger(Math.trunc(number)))
    throw new ServerError(14, `BSON field '${name}' is the wrong type, expected a number`);
  return Math.trunc(number);
}

export function documentField(body: Document, name: string): Document | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (
    typeof value !== 'object' ||
    Array.isArray(value) ||
    (value as { _bsontype?: string })._bsontype !== undefined
  ) {
    throw new ServerError(14, `BSON field '${name}' is the wrong type, expected type 'object'`);
  }
  return value as Document;
}

/** Refuses what only a real MongoDB has, by name. */
export function refuse(body: Document, unsupported: readonly string[]): void {
  for (const name of unsupported) {
    const value = body[name];
    if (value === undefined || value === null || value === false) continue;
    if (name === 'collation' && Object.keys(value as Document).length === 0) continue;
    throw new ServerError(
      238,
      `'${name}' is not supported by the embedded database; use a MongoDB server (MONGODB_URI)`,
    );
  }
}
