import { Long } from 'bson';
import { ServerError } from '../errors';
import { describePlan } from '../planner/explain';
import { drain } from '../planner/pace';
import { prepare, run } from '../planner/search';
import type { Query } from '../planner/plan';
import type { PreparedQuery } from '../planner/search';
import { isDocument } from '../semantics';
import type { Document } from '../semantics';
import type { View } from '../storage/view';
import type { Command, Handler } from './command';
import { allowFields, documentField, namespaceOf, viewOf, wholeNumber } from './command';
import { SERVER_VERSION } from './connection';
import { paceOf, readQuery } from './find';
import { leadingQuery } from './pipeline';

/** https://www.mongodb.com/docs/manual/reference/command/explain/ */
export const explain: Handler = async (command, engine) => {
  allowFields(command.body, 'explain', new Set(['verbosity']));
  const body = command.body['explain'];
  if (!isDocument(body))
    throw new ServerError(14, "BSON field 'explain.explain' is the wrong type, expected type 'object'");
  const name = Object.keys(body)[0] ?? '';
  const verbosity = command.body['verbosity'] ?? 'allPlansExecution';
  const inner: Command = { ...command, name, body };
  const { query, wrap } = explained(inner);
  const namespace = namespaceOf(inner);
  const view = viewOf(command, engine);
  const prepared = prepare(view, engine.catalog.get(namespace), query);
  const stages = wrap(describePlan(prepared));
  const reply = {
    explainVersion: '1',
    queryPlanner: {
      namespace,
      indexFilterSet: false,
      parsedQuery: query.filter,
      maxIndexedOrSolutionsReached: false,
      winningPlan: stages,
      rejectedPlans: [],
    },
    ...(verbosity === 'queryPlanner'
      ? {}
      : { executionStats: await execute(command, view, prepared, stages) }),
    command: { ...body, $db: command.database },
    serverInfo: {
      host: command.connection.address,
      port: 0,
      version: SERVER_VERSION,
      gitVersion: 'crosswalk-embedded',
    },
  };
  return name === 'aggregate' ? asAggregate(reply, inner) : reply;
};

/** The query within a command, and the stages that stand above it. */
function explained(command: Command): { query: Query; wrap: (input: Document) => Document } {
  const { name, body } = command;
  const above =
    (stage: string) =>
    (inputStage: Document): Document => ({ stage, inputStage });
  switch (name) {
    case 'find':
      return {
        query: readQuery(body),
        wrap: documentField(body, 'projection') ? above('PROJECTION_DEFAULT') : (input) => input,
      };
    case 'count':
      return {
        query: {
          filter: documentField(body, 'query') ?? {},
          skip: wholeNumber(body, 'skip', 0),
          limit: Math.abs(wholeNumber(body, 'limit', 0)),
          hint: body['hint'],
        },
        wrap: above('COUNT'),
      };
    case 'distinct':
      return {
        query: { filter: documentField(body, 'query') ?? {}, hint: body['hint'] },
        wrap: (input) => input,
      };
    case 'findAndModify':
      return {
        query: {
          filter: documentField(body, 'query') ?? {},
          sort: documentField(body, 'sort'),
          limit: 1,
          hint: body['hint'],
        },
        wrap: above(body['remove'] === true ? 'DELETE' : 'UPDATE'),
      };
    case 'update':
    case 'delete': {
      const [statement] = (body[name === 'update' ? 'updates' : 'deletes'] as Document[] | undefined) ?? [];
      if (!statement) throw new ServerError(2, 'explained write batches must be of size 1');
      return {
        query: { filter: documentField(statement, 'q') ?? {}, hint: statement['hint'] },
        wrap: above(name.toUpperCase()),
      };
    }
    case 'aggregate':
      return {
        query: leadingQuery((body['pipeline'] as Document[] | undefined) ?? [], body['hint']).query,
        wrap: (input) => input,
      };
    default:
      throw new ServerError(59, `Explain failed due to unknown command: ${name}`);
  }
}

/** Runs the query, changing nothing, and tells what it cost. */
async function execute(
  command: Command,
  view: View,
  prepared: PreparedQuery,
  stages: Document,
): Promise<Document> {
  const begun = performance.now();
  try {
    await drain(run(view, prepared), paceOf(command, view), () => undefined);
  } finally {
    view.release();
  }
  const { keysExamined, documentsExamined, returned } = prepared.work;
  const millis = Math.round(performance.now() - begun);
  return {
    executionSuccess: true,
    nReturned: returned,
    executionTimeMillis: millis,
    totalKeysExamined: keysExamined,
    totalDocsExamined: documentsExamined,
    executionStages: { ...stages, nReturned: returned, executionTimeMillisEstimate: Long.fromNumber(millis) },
  };
}

/** An aggregation's explain: the query that feeds it, then its other stages. */
function asAggregate(reply: Document, { body }: Command): Document {
  const { rest } = leadingQuery((body['pipeline'] as Document[] | undefined) ?? [], body['hint']);
  if (rest.length === 0) return reply;
  const { queryPlanner, executionStats, ...others } = reply;
  const cursor = { queryPlanner, ...(executionStats === undefined ? {} : { executionStats }) };
  return { ...others, stages: [{ $cursor: cursor }, ...rest] };
}
