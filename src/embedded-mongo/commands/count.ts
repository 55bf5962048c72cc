import { ServerError } from '../errors';
import type { Engine } from '../engine';
import type { IndexScan } from '../planner/index-scan';
import { drain } from '../planner/pace';
import type { Pace } from '../planner/pace';
import { countsDocuments } from '../planner/plan';
import { distinctRows } from '../planner/scan';
import { prepare, run } from '../planner/search';
import type { Query } from '../planner/plan';
import type { PreparedQuery } from '../planner/search';
import { distinctCollector } from '../semantics';
import type { PAUSE } from '../planner/scan';
import type { Counted } from '../storage/chunk';
import type { View } from '../storage/view';
import type { Command, Handler } from './command';
import { allowFields, documentField, namespaceOf, refuse, viewOf, wholeNumber } from './command';
import { paceOf } from './find';

/** https://www.mongodb.com/docs/manual/reference/command/count/ */
export const count: Handler = async (command, engine) => {
  const { body } = command;
  allowFields(body, 'count', new Set(['query', 'limit', 'skip', 'hint', 'collation', 'fields']));
  refuse(body, ['collation']);
  const query: Query = {
    filter: documentField(body, 'query') ?? {},
    skip: wholeNumber(body, 'skip', 0),
    limit: Math.abs(wholeNumber(body, 'limit', 0)),
    hint: body['hint'],
  };
  if (Number(query.skip) < 0)
    throw new ServerError(2, `BSON field 'skip' value must be >= 0, actual value '${query.skip}'`);
  return { n: await countMatching(command, engine, namespaceOf(command), query) };
};

/** How many documents a query finds. */
export async function countMatching(
  command: Command,
  engine: Engine,
  namespace: string,
  query: Query,
): Promise<number> {
  const view = viewOf(command, engine);
  let n = 0;
  try {
    const prepared = prepare(view, engine.catalog.get(namespace), query);
    const pace = paceOf(command, view);
    const scan = decidingScan(prepared);
    if (scan && countsDocuments(scan)) return await countEntries(view, scan, pace);
    const rows: Iterable<object | typeof PAUSE> = scan
      ? distinctRows(view, scan, prepared.work)
      : run(view, prepared);
    await drain(rows, pace, () => void n++);
  } finally {
    view.release();
  }
  return n;
}

/** The scan of an index that decides alone which documents are counted; undefined: they have to be looked at. */
function decidingScan({ plan, query }: PreparedQuery): IndexScan | undefined {
  const { access, residual } = plan;
  return !residual && access.kind === 'index' && !query.skip && !query.limit ? access.scan : undefined;
}

/** Keys counted before others may have their turn: some milliseconds. */
const COUNTED_AT_ONCE = 16_384;

/** The count from the keys alone, where each stands for one document. */
async function countEntries(view: View, { index, intervals }: IndexScan, pace: Pace): Promise<number> {
  let n = 0;
  for (const { low, high } of intervals) {
    for (let from: Buffer | undefined = low; from;) {
      const { count: counted, next }: Counted = view.countKeys(index.table, from, high, COUNTED_AT_ONCE);
      n += counted;
      from = next;
      if (pace.due()) await pace.pause();
    }
  }
  return n;
}

/** https://www.mongodb.com/docs/manual/reference/command/distinct/ */
export const distinct: Handler = async (command, engine) => {
  const { body } = command;
  allowFields(body, 'distinct', new Set(['key', 'query', 'collation', 'hint']));
  refuse(body, ['collation']);
  const path = body['key'];
  if (typeof path !== 'string')
    throw new ServerError(14, "BSON field 'distinct.key' is the wrong type, expected type 'string'");
  const view = viewOf(command, engine);
  const collector = distinctCollector(path);
  const prepared = prepare(view, engine.catalog.get(namespaceOf(command)), {
    filter: documentField(body, 'query') ?? {},
    hint: body['hint'],
  });
  try {
    await drain(run(view, prepared), paceOf(command, view), ({ document }) => collector.add(document));
  } finally {
    view.release();
  }
  return { values: collector.values() };
};
