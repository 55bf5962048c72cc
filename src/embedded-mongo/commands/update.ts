import { ServerError } from '../errors';
import type { Document } from '../semantics';
import type { Query } from '../planner/plan';
import type { Command, Handler } from './command';
import { allowFields, documentField, refuse, wholeNumber } from './command';
import { readChange } from './modify';
import type { Outcome, ReadStatement } from './statements';
import { runStatements } from './statements';

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
