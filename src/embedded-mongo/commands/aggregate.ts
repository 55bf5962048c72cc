import type { Engine } from '../engine';
import { ServerError } from '../errors';
import type { Pace } from '../planner/pace';
import type { PreparedQuery } from '../planner/search';
import { prepare, prepareFilter, run } from '../planner/search';
import { compilePipeline, isDocument, runPipeline } from '../semantics';
import type { Document, PipelineContext } from '../semantics';
import { encode } from '../storage/codec';
import type { Batch, CursorSource } from '../sessions/cursors';
import type { View } from '../storage/view';
import { encodeCursorReply } from '../wire/cursor-reply';
import type { Command, Handler } from './command';
import { allowFields, documentField, namespaceOf, refuse, viewOf, wholeNumber } from './command';
import { countMatching } from './count';
import { explain } from './explain';
import { BATCH_BYTES, FIRST_BATCH, firstReply, paceOf } from './find';
import { leadingQuery } from './pipeline';

const FIELDS = new Set([
  'pipeline',
  'explain',
  'allowDiskUse',
  'cursor',
  'bypassDocumentValidation',
  'hint',
  'collation',
  'let',
]);

/** Documents that enter a pipeline at once. */
const ROWS = 64;

/** https://www.mongodb.com/docs/manual/reference/command/aggregate/ */
export const aggregate: Handler = async (command, engine) => {
  const { body } = command;
  allowFields(body, 'aggregate', FIELDS);
  refuse(body, ['collation', 'let']);
  const namespace = namespaceOf(command);
  const pipeline = body['pipeline'];
  if (!Array.isArray(pipeline) || !pipeline.every(isDocument))
    throw new ServerError(14, "'pipeline' option must be specified as an array");
  if (body['explain'] === true) return explainPipeline(command, engine);
  const cursor = documentField(body, 'cursor');
  if (!cursor)
    throw new ServerError(
      9,
      "The 'cursor' option is required, except for aggregate with the explain argument",
    );
  const counted = await countPipeline(command, engine, namespace, pipeline);
  if (counted) return encodeCursorReply('firstBatch', counted.map(encode), 0n, namespace);
  const source = new PipelineSource(command, engine, namespace, pipeline);
  return firstReply(command, engine, namespace, source, wholeNumber(cursor, 'batchSize', FIRST_BATCH), false);
};

function explainPipeline(command: Command, engine: Engine): ReturnType<Handler> {
  const body = { ...command.body };
  delete body['explain'];
  return explain({ ...command, name: 'explain', body: { explain: body, verbosity: 'queryPlanner' } }, engine);
}

/** The results of a pipeline, batch by batch. */
class PipelineSource implements CursorSource {
  private readonly view: View;
  private readonly results: AsyncIterator<readonly Document[]>;
  /** Results that the pipeline gave and no batch has taken. */
  private waiting: Document[] = [];
  private pace: Pace;

  constructor(
    private readonly command: Command,
    engine: Engine,
    namespace: string,
    pipeline: Document[],
  ) {
    compilePipeline(pipeline); // all of it is checked, also what the planner takes over
    const { query, rest } = leadingQuery(pipeline, command.body['hint']);
    this.view = viewOf(command, engine);
    this.pace = paceOf(command, this.view);
    const prepared = prepare(this.view, engine.catalog.get(namespace), query);
    const context: PipelineContext = {
      now: new Date(),
      find: (collection, filter) => {
        const other = engine.catalog.get(`${command.database}.${collection}`);
        return this.rowsOf(prepareFilter(this.view, other, filter, { filter: {} }));
      },
    };
    this.results = runPipeline(compilePipeline(rest), this.rowsOf(prepared), context)[Symbol.asyncIterator]();
  }

  async next(size: number): Promise<Batch> {
    this.view.pin();
    this.pace = paceOf(this.command, this.view);
    const documents: Buffer[] = [];
    let bytes = 0;
    try {
      while (documents.length < size && bytes < BATCH_BYTES) {
        const document = this.waiting.shift();
        if (document) {
          const encoded = encode(document);
          bytes += encoded.length;
          documents.push(encoded);
        } else if (!(await this.refill())) return { documents, exhausted: true };
      }
      return { documents, exhausted: false };
    } finally {
      this.view.release();
    }
  }

  close(): void {
    void this.results.return?.();
    this.view.release();
  }

  private async refill(): Promise<boolean> {
    const { value, done } = await this.results.next();
    if (done === true) return false;
    this.waiting = [...value];
    return true;
  }

  private async *rowsOf(prepared: PreparedQuery): AsyncGenerator<readonly Document[]> {
    let batch: Document[] = [];
    for (const row of run(this.view, prepared)) {
      if (typeof row === 'symbol') {
        if (this.pace.due()) await this.pace.pause();
        continue;
      }
      batch.push(row.document);
      if (batch.length < ROWS) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }
}

/** What drivers send for countDocuments: `[{$match}, {$skip}?, {$limit}?, {$group: {_id: 1, n: {$sum: 1}}}]`. */
async function countPipeline(
  command: Command,
  engine: Engine,
  namespace: string,
  pipeline: Document[],
): Promise<Document[] | undefined> {
  const stages = [...pipeline];
  const query: Document = {};
  for (const name of ['$match', '$skip', '$limit']) {
    const stage = stages[0];
    if (stage && name in stage) query[name.slice(1)] = stages.shift()?.[name];
  }
  const group = stages.length === 1 ? stages[0]?.['$group'] : undefined;
  if (!isDocument(group) || !isCount(group) || (query['match'] !== undefined && !isDocument(query['match'])))
    return undefined;
  const n = await countMatching(command, engine, namespace, {
    filter: (query['match'] as Document | undefined) ?? {},
    skip: wholeNumber(query, 'skip', 0),
    limit: wholeNumber(query, 'limit', 0),
    hint: command.body['hint'],
  });
  return n > 0 ? [{ _id: group['_id'], n }] : [];
}

function isCount(group: Document): boolean {
  const sum = (group['n'] as Document | undefined)?.['$sum'];
  return (
    Object.keys(group).length === 2 &&
    Number(group['_id']) === 1 &&
    Number(sum) === 1 &&
    typeof sum !== 'string'
  );
}
