import type { Engine } from '../engine';
import { ServerError } from '../errors';
import { isDocument } from '../semantics';
import type { Document } from '../semantics';
import { encode } from '../storage/codec';
import { encodeCursorReply } from '../wire/cursor-reply';
import type { Command, Handler } from './command';
import { allowFields, namespaceOf, refuse, wholeNumber } from './command';
import { countMatching } from './count';

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

/** https://www.mongodb.com/docs/manual/reference/command/aggregate/ */
export const aggregate: Handler = async (command, engine) => {
  const { body } = command;
  allowFields(body, 'aggregate', FIELDS);
  refuse(body, ['collation', 'let']);
  const namespace = namespaceOf(command);
  const pipeline = body['pipeline'];
  if (!Array.isArray(pipeline) || !pipeline.every(isDocument))
    throw new ServerError(14, "'pipeline' option must be specified as an array");
  const counted = await countPipeline(command, engine, namespace, pipeline);
  if (counted) return encodeCursorReply('firstBatch', counted.map(encode), 0n, namespace);
  throw new ServerError(238, 'aggregate is not supported yet');
};

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
