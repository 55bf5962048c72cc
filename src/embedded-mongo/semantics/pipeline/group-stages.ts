import type { Evaluate } from '../expression';
import { compileExpression, distinctKey } from '../expression';
import { CommandError, isDocument, MISSING, plain, setField } from '../value';
import type { Document } from '../value';
import type { AccumulatedField, Accumulator } from './accumulators';
import { parseAccumulator } from './accumulators';
import { scopeOf } from './simple-stages';
import type { Batches, PipelineContext, Stage, StageParser } from './stage';
import { BATCH, Memory, Pacer } from './stage';

interface Group {
  readonly id: unknown;
  readonly accumulators: Accumulator[];
}

const parseGroup: StageParser = (argument, variables) => {
  if (!isDocument(argument)) throw new CommandError(15947, "a group's fields must be specified in an object");
  const spec = plain(argument);
  if (!('_id' in spec)) throw new CommandError(15955, 'a group specification must include an _id');
  const id = compileExpression(spec['_id'], variables);
  const fields = Object.entries(spec)
    .filter(([name]) => name !== '_id')
    .map(([name, accumulator]) => parseAccumulator(name, accumulator, variables));
  return { name: '$group', run: (input, context) => group(input, context, id, fields) };
};

async function* group(
  input: Batches,
  context: PipelineContext,
  id: Evaluate,
  fields: readonly AccumulatedField[],
): AsyncGenerator<Document[]> {
  const groups = new Map<string, Group>();
  const memory = new Memory('$group', context);
  const pacer = new Pacer();
  const scope = scopeOf(context);
  for await (const batch of input)
    for (const root of batch) {
      const inner = { root, ...scope };
      const { accumulators } = groupOf(groups, id(inner), fields, memory);
      fields.forEach((field, i) => accumulators[i]?.add(field.evaluate(inner), memory));
      const pause = pacer.pause();
      if (pause) await pause;
    }
  yield* inBatches(groups, fields);
}

function groupOf(
  groups: Map<string, Group>,
  value: unknown,
  fields: readonly AccumulatedField[],
  memory: Memory,
): Group {
  const id = value === MISSING ? null : value;
  const key = distinctKey(id);
  let group = groups.get(key);
  if (!group) {
    group = { id, accumulators: fields.map((field) => field.start()) };
    groups.set(key, group);
    memory.add([key, id, fields.map(() => ({}))]);
  }
  return group;
}

async function* inBatches(
  groups: Map<string, Group>,
  fields: readonly AccumulatedField[],
): AsyncGenerator<Document[]> {
  let batch: Document[] = [];
  for (const { id, accumulators } of groups.values()) {
    const document: Document = { _id: id };
    fields.forEach((field, i) => setField(document, field.name, accumulators[i]?.result()));
    batch.push(document);
    if (batch.length >= BATCH) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** `$sortByCount` is the stages it is documented to be: a `$group` by the expression, then a descending `$sort`. */
export function sortByCountStages(argument: unknown): Document[] {
  const isExpression = isDocument(argument) && Object.keys(plain(argument))[0]?.startsWith('$') === true;
  if (isDocument(argument) && !isExpression)
    throw new CommandError(
      40147,
      'the sortByCount field must be defined as a $-prefixed path or an expression inside an object',
    );
  if (!isExpression && typeof argument !== 'string')
    throw new CommandError(40149, 'the sortByCount field must be specified as a string or as an object');
  if (typeof argument === 'string' && !argument.startsWith('$'))
    throw new CommandError(
      40148,
      'the sortByCount field must be defined as a $-prefixed path or an expression inside an object',
    );
  return [{ $group: { _id: argument, count: { $sum: 1 } } }, { $sort: { count: -1 } }];
}

export const groupStages: Readonly<
  Record<string, (argument: unknown, variables: ReadonlySet<string>) => Stage>
> = {
  $group: parseGroup,
};
