import { ObjectId } from 'bson';
import type { CollectionDefinition } from '../catalog/definitions';
import type { Engine } from '../engine';
import { ServerError } from '../errors';
import { CommandError } from '../semantics';
import type { Document } from '../semantics';
import { recordResult, recordedResult } from '../sessions/retryable';
import { MAX_DOCUMENT_BYTES, checkSize, decode } from '../storage/codec';
import type { Writer } from '../storage/view';
import { rawElements } from '../wire/raw';
import type { Command, Handler } from './command';
import { allowFields, enclose, namespaceOf, statementOf } from './command';
import { collectionForWrite, inWriter, writeError } from './writes';

const FIELDS = new Set(['documents', 'ordered', 'bypassDocumentValidation', 'maxTimeMS']);
/** Documents written in one operation of the queue: others get their turn between two of them. */
const CHUNK = 250;
const CHUNK_BYTES = 2 << 20;

interface Incoming {
  document: Document;
  bytes: Buffer;
}

/** https://www.mongodb.com/docs/manual/reference/command/insert/ */
export const insert: Handler = async (command, engine) => {
  const { body, documents } = command;
  allowFields(body, 'insert', FIELDS);
  const namespace = namespaceOf(command);
  if (documents.length === 0 || documents.length > 100_000) {
    throw new ServerError(
      2,
      `Write batch sizes must be between 1 and 100000. Got ${documents.length} operations.`,
    );
  }
  const ordered = body['ordered'] !== false;
  const writeErrors: Document[] = [];
  let n = 0;
  for (let from = 0; from < documents.length;) {
    const to = chunkEnd(documents, from);
    const done = await insertChunk(command, engine, namespace, from, to, ordered);
    n += done.n;
    writeErrors.push(...done.writeErrors);
    if (ordered && writeErrors.length > 0) break;
    from = to;
  }
  return { n, ...(writeErrors.length > 0 ? { writeErrors } : {}) };
};

function chunkEnd(documents: readonly Buffer[], from: number): number {
  let bytes = 0;
  let to = from;
  while (to < documents.length && to - from < CHUNK && bytes < CHUNK_BYTES)
    bytes += documents[to++]?.length ?? 0;
  return to;
}

async function insertChunk(
  command: Command,
  engine: Engine,
  namespace: string,
  from: number,
  to: number,
  ordered: boolean,
): Promise<{ n: number; writeErrors: Document[] }> {
  const incoming = command.documents.slice(from, to).map(receive);
  return inWriter(
    command,
    engine,
    namespace,
    (writer) => {
      const collection = collectionForWrite(command, engine, writer, namespace);
      claimAll(engine, writer, collection, incoming);
      let n = 0;
      const writeErrors: Document[] = [];
      for (const [offset, document] of incoming.entries()) {
        const index = from + offset;
        try {
          insertOne(command, engine, writer, collection, document, index);
          n++;
        } catch (error) {
          if (!(error instanceof CommandError) || command.transaction) throw error;
          writeErrors.push(writeError(error, index));
          if (ordered) break;
        }
      }
      return { n, writeErrors };
    },
    { bytes: command.documents.slice(from, to).reduce((sum, { length }) => sum + length, 0) },
  );
}

/** All claims come before the first put, since a claim may send the whole operation back to wait. */
function claimAll(
  engine: Engine,
  writer: Writer,
  collection: CollectionDefinition,
  incoming: readonly (Incoming | CommandError)[],
): void {
  for (const document of incoming) {
    if (!(document instanceof CommandError))
      engine.documents.claimInsert(writer, collection, document.document);
  }
}

function insertOne(
  command: Command,
  engine: Engine,
  writer: Writer,
  collection: CollectionDefinition,
  incoming: Incoming | CommandError,
  index: number,
): void {
  if (incoming instanceof CommandError) throw incoming;
  const statement = statementOf(command, index);
  if (statement && recordedResult(writer, statement)) return;
  engine.documents.insert(writer, collection, incoming.document, incoming.bytes);
  if (statement) recordResult(writer, statement, { n: 1 });
}

/** Decodes a document, gives it an _id where it has none, and puts the _id first, as MongoDB does. */
function receive(bytes: Buffer): Incoming | CommandError {
  try {
    if (bytes.length > MAX_DOCUMENT_BYTES) checkSize(bytes);
    const first = rawElements(bytes).next().value;
    const arranged = first?.name === '_id' ? bytes : idFirst(bytes);
    const document = decode(arranged);
    checkId(document['_id']);
    return { document, bytes: checkSize(arranged) };
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
}

function idFirst(bytes: Buffer): Buffer {
  let id: Buffer | undefined;
  const others: Buffer[] = [];
  for (const { name, offset, end } of rawElements(bytes)) {
    if (name === '_id') id = bytes.subarray(offset, end);
    else others.push(bytes.subarray(offset, end));
  }
  return enclose([id ?? Buffer.concat([Buffer.from('\x07_id\0'), new ObjectId().id]), ...others]);
}

function checkId(id: unknown): void {
  if (Array.isArray(id)) throw new CommandError(53, "The '_id' value cannot be of type array");
  if (id === undefined) throw new CommandError(53, "The '_id' value cannot be of type undefined");
  if ((id as { _bsontype?: string } | null)?._bsontype === 'BSONRegExp')
    throw new CommandError(53, "The '_id' value cannot be of type regex");
}
