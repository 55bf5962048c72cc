import { Int32 } from 'bson';
import { compileFilter, parseFilter } from '../filter';
import { compileExpression } from '../expression';
import {
  CommandError,
  compileSort,
  isDocument,
  isNumber,
  MISSING,
  numericOf,
  plain,
  toDouble,
  typeName,
} from '../value';
import type { Document } from '../value';
import { Sorter } from './sorter';
import type { Batches, PipelineContext, Stage, StageParser } from './stage';
import { eachDocument, Pacer } from './stage';

/** The variables and time that filters and expressions of a stage see. */
export function scopeOf(context: PipelineContext): {
  variables: Readonly<Record<string, unknown>>;
  now: Date;
} {
  return { variables: context.variables ?? {}, now: context.now };
}

const parseMatch: StageParser = (argument, variables) => {
  if (!isDocument(argument))
    throw new CommandError(15959, 'the match filter must be an expression in an object');
  const filter = parseFilter(plain(argument));
  compileFilter(filter, {
    variables: Object.fromEntries([...variables].map((name) => [name, null])),
    now: new Date(0),
  });
  const stage = eachDocument('$match', (context) => {
    const matches = compileFilter(filter, scopeOf(context));
    return (document, emit) => {
      if (matches(document)) emit(document);
    };
  });
  return { ...stage, filter };
};

const parseSort: StageParser = (argument) => {
  if (!isDocument(argument)) throw new CommandError(15973, 'the $sort key specification must be an object');
  if (Object.keys(argument).length === 0)
    throw new CommandError(15976, '$sort stage must have at least one sort key');
  const sort = compileSort(plain(argument));
  return {
    name: '$sort',
    sort,
    run: (input, context) => sortBatches(input, new Sorter(sort, context)),
  };
};

/** `$sort` directly before `$limit` holds only what the limit needs. */
export function sortThenLimit(stage: Stage, limit: number): Stage {
  const { sort } = stage;
  if (!sort) return stage;
  return { ...stage, run: (input, context) => sortBatches(input, new Sorter(sort, context, limit)) };
}

async function* sortBatches(input: Batches, sorter: Sorter): AsyncGenerator<Document[]> {
  const pacer = new Pacer();
  for await (const batch of input)
    for (const document of batch) {
      sorter.add(document);
      const pause = pacer.pause();
      if (pause) await pause;
    }
  yield* sorter.sorted();
}

function parseCount(name: string, argument: unknown, least: number, code: number): number {
  const count = isNumber(argument) ? toDouble(numericOf(argument)) : Number.NaN;
  if (!Number.isInteger(count))
    throw new CommandError(
      code,
      `invalid argument to ${name} stage: Expected an integer: ${name}: <${typeName(argument)}>`,
    );
  if (count < least)
    throw least === 1
      ? new CommandError(15958, 'the limit must be positive')
      : new CommandError(
          code,
          `invalid argument to ${name} stage: Expected a non-negative number in: ${name}: ${count}`,
        );
  return count;
}

const parseSkip: StageParser = (argument) => {
  const count = parseCount('$skip', argument, 0, 5107200);
  return {
    name: '$skip',
    count,
    run: async function* (input) {
      let left = count;
      for await (const batch of input) {
        const rest = batch.slice(Math.min(left, batch.length));
        left -= batch.length - rest.length;
        if (rest.length > 0) yield rest;
      }
    },
  };
};

const parseLimit: StageParser = (argument) => {
  const count = parseCount('$limit', argument, 1, 5107201);
  return {
    name: '$limit',
    count,
    run: async function* (input) {
      let left = count;
      for await (const batch of input) {
        yield batch.slice(0, left);
        left -= batch.length;
        if (left <= 0) return;
      }
    },
  };
};

const parseCountStage: StageParser = (argument) => {
  if (typeof argument !== 'string')
    throw new CommandError(40156, 'the count field must be a non-empty string');
  if (argument === '') throw new CommandError(40157, 'the count field must be a non-empty string');
  if (argument.startsWith('$')) throw new CommandError(40158, 'the count field cannot be a $-prefixed path');
  if (argument.includes('.')) throw new CommandError(40160, "the count field cannot contain '.'");
  return {
    name: '$count',
    run: async function* (input) {
      let count = 0;
      for await (const batch of input) count += batch.length;
      if (count > 0) yield [{ [argument]: new Int32(count) }];
    },
  };
};

function replaceRoot(name: string, expression: unknown, variables: ReadonlySet<string>): Stage {
  const evaluate = compileExpression(expression, variables);
  return eachDocument(name, (context) => (document, emit) => {
    const value = evaluate({ root: document, ...scopeOf(context) });
    if (value === MISSING || !isDocument(value))
      throw new CommandError(
        40228,
        `'newRoot' expression must evaluate to an object, but resulting value was of type: ${typeName(value)}`,
      );
    emit(plain(value));
  });
}

const parseReplaceRoot: StageParser = (argument, variables) => {
  if (!isDocument(argument))
    throw new CommandError(
      40229,
      `expected an object as specification for $replaceRoot stage, got ${typeName(argument)}`,
    );
  const spec = plain(argument);
  const other = Object.keys(spec).find((name) => name !== 'newRoot');
  if (other !== undefined)
    throw new CommandError(40415, `BSON field '$replaceRoot.${other}' is an unknown field.`);
  if (!('newRoot' in spec))
    throw new CommandError(40414, "BSON field '$replaceRoot.newRoot' is missing but a required field");
  return replaceRoot('$replaceRoot', spec['newRoot'], variables);
};

/** Stages that need nothing but the documents before them. */
export const simpleStages: Readonly<Record<string, StageParser>> = {
  $match: parseMatch,
  $sort: parseSort,
  $skip: parseSkip,
  $limit: parseLimit,
  $count: parseCountStage,
  $replaceRoot: parseReplaceRoot,
  $replaceWith: (argument, variables) => replaceRoot('$replaceWith', argument, variables),
};
