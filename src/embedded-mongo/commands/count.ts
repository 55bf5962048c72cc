import { ServerError } from '../errors';
import { drain } from '../planner/pace';
import type { Engine } from '../engine';
import { countsDocuments } from '../planner/plan';
import { distinctRows } from '../planner/scan';
import { prepare, run } from '../planner/search';
import type { PreparedQuery, Query } from '../planner/search';
import { distinctCollector } from '../semantics';
import type { PAUSE } from '../planner/scan';
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
    const entries = countEntries(view, prepared);
    if (entries !== undefined) return entries;
    await drain(rowsToCount(view, prepared), paceOf(command, view), () => void n++);
  } finally {
    view.release();
  }
  return n;
}

/** What has to be counted: entries where the index decides alone, else documents. */
function rowsToCount(view: View, prepared: PreparedQuery): Iterable<object | typeof PAUSE> {
  const { access, exact } = prepared.plan;
  const { skip = 0, limit = 0 } = prepared.query;
  const isByIndex = access.kind === 'index' && exact && skip === 0 && limit === 0;
  return isByIndex ? distinctRows(view, access.scan, prepared.work) : run(view, prepared);
}

/** Entries counted at once without giving others their turn: some milliseconds. */
const MOST_COUNTED = 30_000;

/** The count from index entries alone, where each stands for one document that matches; undefined when it is not so. */
function countEntries(view: View, { plan, query }: PreparedQuery): number | undefined {
  const { access, exact } = plan;
  if (!exact || access.kind !== 'index' || !countsDocuments(access.scan) || query.skip || query.limit)
    return undefined;
  let n = 0;
  for (const { low, high } of access.scan.intervals) {
    n += view.countUpTo(access.scan.index.table, low, high, MOST_COUNTED - n);
    if (n >= MOST_COUNTED) return undefined;
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
