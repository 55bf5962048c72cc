import { Long } from 'bson';
import type { Engine } from '../engine';
import { ServerError } from '../errors';
import { Pace, drain } from '../planner/pace';
import type { Query } from '../planner/plan';
import { prepare } from '../planner/search';
import type { Document } from '../semantics';
import { compileProjection, parseFilter } from '../semantics';
import { encode } from '../storage/codec';
import { plainProjection, topLevel } from '../storage/partial';
import type { Batch, CursorSource } from '../sessions/cursors';
import type { View } from '../storage/view';
import { encodeCursorReply } from '../wire/cursor-reply';
import type { Command, Handler } from './command';
import { allowFields, documentField, namespaceOf, refuse, viewOf, wholeNumber } from './command';
import { run } from '../planner/search';
import type { Found, PreparedQuery } from '../planner/search';
import type { PAUSE } from '../planner/scan';

const FIELDS = new Set([
  'filter',
  'sort',
  'projection',
  'hint',
  'skip',
  'limit',
  'batchSize',
  'singleBatch',
  'noCursorTimeout',
  'allowDiskUse',
  'allowPartialResults',
  'returnKey',
  'showRecordId',
  'max',
  'min',
  'collation',
  'tailable',
  'awaitData',
  'let',
  'oplogReplay',
]);
const UNSUPPORTED = ['collation', 'tailable', 'awaitData', 'returnKey', 'showRecordId', 'max', 'min', 'let'];

/** Documents in the first batch when the client names no size; later batches are bounded by bytes alone. */
export const FIRST_BATCH = 101;
export const BATCH_BYTES = 16 * 2 ** 20;

/** https://www.mongodb.com/docs/manual/reference/command/find/ */
export const find: Handler = async (command, engine) => {
  const { body } = command;
  allowFields(body, 'find', FIELDS);
  refuse(body, UNSUPPORTED);
  const namespace = namespaceOf(command);
  const query = readQuery(body);
  const view = viewOf(command, engine);
  const prepared = prepare(view, engine.catalog.get(namespace), query);
  const batchSize = wholeNumber(body, 'batchSize', FIRST_BATCH);
  if (batchSize < 0)
    throw new ServerError(2, `BSON field 'batchSize' value must be >= 0, actual value '${batchSize}'`);
  const source = new QuerySource(view, prepared, projector(body), command);
  const single = body['singleBatch'] === true || Number(body['limit'] ?? 0) < 0;
  return firstReply(command, engine, namespace, source, batchSize, single);
};

/** The find-like fields of a command. */
export function readQuery(body: Document): Query {
  const skip = wholeNumber(body, 'skip', 0);
  if (skip < 0)
    throw new ServerError(51024 as never, `BSON field 'skip' value must be >= 0, actual value '${skip}'`);
  return {
    filter: documentField(body, 'filter') ?? {},
    sort: documentField(body, 'sort'),
    skip,
    limit: Math.abs(wholeNumber(body, 'limit', 0)),
    hint: body['hint'],
  };
}

function projector(body: Document): ((row: Found) => Buffer) | undefined {
  const spec = documentField(body, 'projection');
  if (!spec || Object.keys(spec).length === 0) return undefined;
  const plain = plainProjection(spec);
  if (plain) return (row) => plain(row.bytes);
  const projection = compileProjection(spec, parseFilter(documentField(body, 'filter') ?? {}));
  // A positional projection looks at what the filter looks at; all others need the fields that they show.
  const positional = Object.keys(spec).some((path) => path.includes('$'));
  const fields =
    positional || !projection.paths ? undefined : new Set(['_id', ...projection.paths.map(topLevel)]);
  return (row) => encode(projection.apply(row.only(fields)));
}

/** Runs a source's first batch, and keeps it as a cursor when there may be more. */
export async function firstReply(
  command: Command,
  engine: Engine,
  namespace: string,
  source: CursorSource,
  batchSize: number,
  single: boolean,
): Promise<Buffer> {
  let batch: Batch;
  try {
    batch = batchSize === 0 ? { documents: [], exhausted: false } : await source.next(batchSize);
  } catch (error) {
    source.close();
    throw error;
  }
  const done = batch.exhausted || single;
  if (done) source.close();
  const id = done ? 0n : engine.cursors.add(source, namespace, command.session);
  return encodeCursorReply('firstBatch', batch.documents, id, namespace);
}

/** The rest of a query, batch by batch. */
class QuerySource implements CursorSource {
  private readonly rows;
  private pending: Buffer | undefined;

  constructor(
    private readonly view: View,
    prepared: PreparedQuery,
    private readonly project: ((row: Found) => Buffer) | undefined,
    private readonly command: Command,
  ) {
    this.rows = run(view, prepared);
  }

  async next(size: number): Promise<Batch> {
    const documents: Buffer[] = this.pending ? [this.pending] : [];
    let bytes = this.pending?.length ?? 0;
    this.pending = undefined;
    const pace = paceOf(this.command, this.view);
    let exhausted = true;
    if (documents.length >= size) return { documents, exhausted: false };
    await drainNext(this.rows, pace, (row) => {
      const encoded = this.project ? this.project(row) : row.bytes;
      if (documents.length > 0 && bytes + encoded.length > BATCH_BYTES) {
        this.pending = encoded;
        exhausted = false;
        return true;
      }
      documents.push(encoded);
      bytes += encoded.length;
      if (documents.length < size) return false;
      exhausted = false;
      return true;
    });
    this.view.release();
    return { documents, exhausted };
  }

  close(): void {
    this.rows.return();
    this.view.release();
  }
}

/** Like {@link drain}, but the generator stays open for the next batch. */
function drainNext(
  rows: Generator<Found | typeof PAUSE, void, void>,
  pace: Pace,
  take: (row: Found) => boolean,
): Promise<void> {
  const open: Iterable<Found | typeof PAUSE> = { [Symbol.iterator]: () => ({ next: () => rows.next() }) };
  return drain(open, pace, take);
}

/** The pace of a command over a view, with its maxTimeMS. */
export function paceOf(command: Command, view: View): Pace {
  return new Pace(view, command.deadline, () => {
    throw new ServerError(50, 'operation exceeded time limit');
  });
}

/** https://www.mongodb.com/docs/manual/reference/command/getMore/ */
export const getMore: Handler = async (command, engine) => {
  const { body } = command;
  allowFields(body, 'getMore', new Set(['collection', 'batchSize']));
  const id = body['getMore'];
  if (!(id instanceof Long))
    throw new ServerError(14, "BSON field 'getMore.getMore' is the wrong type, expected type 'long'");
  const namespace = `${command.database}.${String(body['collection'])}`;
  const size = wholeNumber(body, 'batchSize', 0);
  const batch = await engine.cursors.next(
    id.toBigInt(),
    namespace,
    size > 0 ? size : Number.MAX_SAFE_INTEGER,
  );
  return encodeCursorReply('nextBatch', batch.documents, batch.exhausted ? 0n : id.toBigInt(), namespace);
};
