import { ObjectId } from 'bson';
import type { CollectionDefinition } from '../catalog/definitions';
import type { Engine } from '../engine';
import { ServerError } from '../errors';
import { CommandError } from '../semantics';
import type { Document } from '../semantics';
import type { Statement } from '../sessions/retryable';
import { recordResult, recordedBytes } from '../sessions/retryable';
import { checkSize, encodeUnlimited } from '../storage/codec';
import type { Placed } from '../storage/documents';
import type { Writer } from '../storage/view';
import { checkDocument } from '../wire/check';
import { enclose, rawElements } from '../wire/raw';
import type { Command, Handler } from './command';
import { allowFields, namespaceOf, statementOf } from './command';
import { collectionForWrite, inWriter, writeError } from './writes';

const FIELDS = new Set(['documents', 'ordered', 'bypassDocumentValidation', 'maxTimeMS']);
/** Documents written in one operation of the queue: others get their turn between two of them. */
const CHUNK = 250;
const CHUNK_BYTES = 2 << 20;

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
  const bytes = incoming.reduce((sum, one) => sum + (Buffer.isBuffer(one) ? one.length : 0), 0);
  return inWriter(
    command,
    engine,
    namespace,
    (writer) => {
      const collection = collectionForWrite(command, engine, writer, namespace);
      const placed = incoming.map((one) => (Buffer.isBuffer(one) ? place(engine, collection, one) : one));
      // All claims come before the first put, since a claim may send the whole operation back to wait.
      for (const one of placed) if (!(one instanceof CommandError)) engine.documents.claimInsert(writer, one);
      const run = new InsertRun(command, engine, writer, collection);
      for (const [offset, one] of placed.entries()) if (!run.insert(one, from + offset) && ordered) break;
      return run.finish();
    },
    { bytes },
  );
}

/** A document that cannot be indexed fails in its turn. */
function place(engine: Engine, collection: CollectionDefinition, bytes: Buffer): Placed | CommandError {
  try {
    return engine.documents.place(collection, bytes);
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
}

const INSERTED = encodeUnlimited({ n: 1 });

/** The documents of one chunk being inserted one after the other; statements in a row are remembered by one record. */
class InsertRun {
  private n = 0;
  private readonly writeErrors: Document[] = [];
  private row: { first: Statement; count: number } | undefined;

  constructor(
    private readonly command: Command,
    private readonly engine: Engine,
    private readonly writer: Writer,
    private readonly collection: CollectionDefinition,
  ) {}

  /** @returns whether the document is inserted now, by this run or by the one that it repeats */
  insert(placed: Placed | CommandError, index: number): boolean {
    try {
      if (placed instanceof CommandError) throw placed;
      const statement = statementOf(this.command, index);
      if (!statement || !recordedBytes(this.writer, statement)) {
        this.engine.documents.insert(this.writer, this.collection, placed);
        if (statement) this.remember(statement);
      }
      this.n++;
      return true;
    } catch (error) {
      if (!(error instanceof CommandError) || this.command.transaction) throw error;
      this.writeErrors.push(writeError(error, index));
      return false;
    }
  }

  finish(): { n: number; writeErrors: Document[] } {
    this.record();
    return { n: this.n, writeErrors: this.writeErrors };
  }

  private remember(statement: Statement): void {
    const { row } = this;
    if (row && row.first.statement + row.count === statement.statement) {
      row.count++;
      return;
    }
    this.record();
    this.row = { first: statement, count: 1 };
  }

  private record(): void {
    if (this.row) recordResult(this.writer, this.row.first, INSERTED, this.row.count);
    this.row = undefined;
  }
}

/** Checks a document, gives it an _id where it has none, and puts the _id first, as MongoDB does. */
function receive(bytes: Buffer): Buffer | CommandError {
  try {
    checkSize(bytes);
    checkDocument(bytes);
    const first = rawElements(bytes).next().value;
    const arranged = first?.name === '_id' ? bytes : idFirst(bytes);
    checkId(arranged);
    return checkSize(arranged);
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

function checkId(bytes: Buffer): void {
  const type = rawElements(bytes).next().value?.type;
  const refused = type === undefined ? undefined : REFUSED_IDS.get(type);
  if (refused !== undefined) throw new CommandError(53, `The '_id' value cannot be of type ${refused}`);
}

/** BSON types that an _id cannot have. */
const REFUSED_IDS = new Map([
  [0x04, 'array'],
  [0x06, 'undefined'],
  [0x0b, 'regex'],
]);
