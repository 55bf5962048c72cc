import type { Engine } from '../engine';
import { ServerError } from '../errors';
import { CommandError } from '../semantics';
import type { Document } from '../semantics';
import { drain } from '../planner/pace';
import type { Query } from '../planner/search';
import { Found, prepare, run } from '../planner/search';
import { recordResult, recordedResult } from '../sessions/retryable';
import { SnapshotView } from '../storage/view';
import type { Command, Handler } from './command';
import { allowFields, documentField, namespaceOf, refuse, statementOf, wholeNumber } from './command';
import { paceOf } from './find';
import type { Change } from './modify';
import { changeFound, changeOne, readChange } from './modify';
import { inWriter, writeError } from './writes';

/** Documents changed in one operation of the queue by a multi-document write. */
const CHUNK = 100;

/** What one statement of an update or delete did; also what is remembered of a retryable one. */
interface Outcome {
  n: number;
  nModified: number;
  upserted?: unknown;
}

/** https://www.mongodb.com/docs/manual/reference/command/update/ */
export const update: Handler = async (command, engine) => {
  allowFields(command.body, 'update', new Set(['updates', 'ordered', 'bypassDocumentValidation', 'let']));
  refuse(command.body, ['let']);
  const { outcomes, writeErrors } = await runStatements(
    command,
    engine,
    statements(command, 'updates'),
    readUpdate,
  );
  const upserted = outcomes.flatMap(({ index, upserted: _id }) =>
    _id === undefined ? [] : [{ index, _id }],
  );
  return {
    n: sum(outcomes, 'n'),
    nModified: sum(outcomes, 'nModified'),
    ...(upserted.length > 0 ? { upserted } : {}),
    ...writeErrors,
  };
};

/** https://www.mongodb.com/docs/manual/reference/command/delete/ */
export const remove: Handler = async (command, engine) => {
  allowFields(command.body, 'delete', new Set(['deletes', 'ordered', 'let']));
  refuse(command.body, ['let']);
  const { outcomes, writeErrors } = await runStatements(
    command,
    engine,
    statements(command, 'deletes'),
    readDelete,
  );
  return { n: sum(outcomes, 'n'), ...writeErrors };
};

function sum(outcomes: readonly Outcome[], field: 'n' | 'nModified'): number {
  return outcomes.reduce((total, outcome) => total + outcome[field], 0);
}

function statements(command: Command, name: string): Document[] {
  const list = command.body[name];
  if (!Array.isArray(list) || list.length === 0 || list.length > 100_000) {
    throw new ServerError(
      2,
      `Write batch sizes must be between 1 and 100000. Got ${Array.isArray(list) ? list.length : 0} operations.`,
    );
  }
  return list as Document[];
}

interface ReadStatement {
  change: Change;
  multi: boolean;
}

function readUpdate(statement: Document): ReadStatement {
  allowFields(
    statement,
    'update',
    new Set([
      'q',
      'u',
      'multi',
      'upsert',
      'arrayFilters',
      'hint',
      'collation',
      'c',
      'upsertSupplied',
      'sort',
    ]),
  );
  refuse(statement, ['collation', 'c']);
  if (statement['u'] === undefined)
    throw new ServerError(9, "BSON field 'update.updates.u' is missing but a required field");
  const change = readChange(
    queryOf(statement),
    statement['u'],
    statement['arrayFilters'],
    statement['upsert'] === true,
  );
  const multi = statement['multi'] === true;
  if (multi && change.update?.kind === 'replacement')
    throw new ServerError(9, 'multi update is not supported for replacement-style update');
  return { change, multi };
}

function readDelete(statement: Document): ReadStatement {
  allowFields(statement, 'delete', new Set(['q', 'limit', 'hint', 'collation']));
  refuse(statement, ['collation']);
  const limit = wholeNumber(statement, 'limit', 0);
  if (limit !== 0 && limit !== 1)
    throw new ServerError(9, `The limit field in delete objects must be 0 or 1. Got ${limit}`);
  return { change: readChange(queryOf(statement), undefined, undefined, false), multi: limit === 0 };
}

function queryOf(statement: Document): Query {
  return {
    filter: documentField(statement, 'q') ?? {},
    sort: documentField(statement, 'sort'),
    hint: statement['hint'],
  };
}

async function runStatements(
  command: Command,
  engine: Engine,
  list: readonly Document[],
  read: (statement: Document) => ReadStatement,
): Promise<{ outcomes: (Outcome & { index: number })[]; writeErrors: Document }> {
  const namespace = namespaceOf(command);
  const ordered = command.body['ordered'] !== false;
  const outcomes: (Outcome & { index: number })[] = [];
  const errors: Document[] = [];
  for (const [index, statement] of list.entries()) {
    try {
      const { change, multi } = read(statement);
      const outcome = multi
        ? await changeMany(command, engine, namespace, change)
        : await changeFirst(command, engine, namespace, change, index);
      outcomes.push({ ...outcome, index });
    } catch (error) {
      if (!(error instanceof CommandError) || command.transaction) throw error;
      errors.push(writeError(error, index));
      if (ordered) break;
    }
  }
  return { outcomes, writeErrors: errors.length > 0 ? { writeErrors: errors } : {} };
}

function changeFirst(
  command: Command,
  engine: Engine,
  namespace: string,
  change: Change,
  index: number,
): Promise<Outcome> {
  const statement = statementOf(command, index);
  return inWriter(command, engine, namespace, (writer) => {
    const recorded = statement && recordedResult(writer, statement);
    if (recorded) return outcomeFrom(recorded);
    const changed = changeOne(command, engine, writer, namespace, change);
    const outcome: Outcome = {
      n: changed ? 1 : 0,
      nModified: changed?.modified ? 1 : 0,
      ...(changed && 'upserted' in changed ? { upserted: changed.upserted } : {}),
    };
    if (statement) recordResult(writer, statement, { ...outcome });
    return outcome;
  });
}

function outcomeFrom(recorded: Document): Outcome {
  return {
    n: Number(recorded['n']),
    nModified: Number(recorded['nModified']),
    ...('upserted' in recorded ? { upserted: recorded['upserted'] } : {}),
  };
}

/** Finds at leisure, changes in chunks; each document is looked at again when its turn to be changed comes. */
async function changeMany(
  command: Command,
  engine: Engine,
  namespace: string,
  change: Change,
): Promise<Outcome> {
  const view = command.transaction?.view ?? new SnapshotView(engine.env);
  const collection = engine.catalog.get(namespace);
  const prepared = prepare(view, collection, change.query);
  const keys: Buffer[] = [];
  try {
    await drain(run(view, prepared), paceOf(command, view), (found) => void keys.push(found.key));
  } finally {
    view.release();
  }
  const total: Outcome = { n: 0, nModified: 0 };
  for (let from = 0; from < keys.length; from += CHUNK) {
    for (const key of keys.slice(from, from + CHUNK)) {
      const done = await inWriter(command, engine, namespace, (writer) => {
        const bytes = writer.get('documents', key);
        const found = bytes && new Found(key, bytes);
        return found && change.matches(found.document)
          ? changeFound(command, engine, writer, namespace, change, found)
          : undefined;
      });
      total.n += done ? 1 : 0;
      total.nModified += done?.modified ? 1 : 0;
    }
  }
  if (keys.length > 0 || !change.upsert) return total;
  const made = await inWriter(command, engine, namespace, (writer) =>
    changeOne(command, engine, writer, namespace, change),
  );
  return { n: 1, nModified: 0, ...(made && 'upserted' in made ? { upserted: made.upserted } : {}) };
}
