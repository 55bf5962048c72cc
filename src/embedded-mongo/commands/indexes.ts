import type { Engine } from '../engine';
import type { CollectionDefinition, IndexDefinition } from '../catalog/definitions';
import { keyDocument } from '../catalog/definitions';
import { buildIndexes, removeIndexes } from '../catalog/index-build';
import { ServerError } from '../errors';
import { isDocument, parseFilter, parseKeyPattern } from '../semantics';
import type { Document } from '../semantics';
import { encode } from '../storage/codec';
import type { Writer } from '../storage/view';
import { encodeCursorReply } from '../wire/cursor-reply';
import type { Handler } from './command';
import { allowFields, documentField, namespaceOf, refuse, wholeNumber } from './command';

const INDEX_FIELDS = new Set([
  'key',
  'name',
  'v',
  'background',
  'unique',
  'sparse',
  'partialFilterExpression',
  'expireAfterSeconds',
  'hidden',
  'collation',
  'storageEngine',
  'weights',
  'default_language',
  'language_override',
  'textIndexVersion',
  '2dsphereIndexVersion',
  'bits',
  'min',
  'max',
  'wildcardProjection',
  'ns',
  'clustered',
  'prepareUnique',
  'dropDups',
]);
const SUPPORTED = new Set([
  'key',
  'name',
  'v',
  'background',
  'unique',
  'sparse',
  'partialFilterExpression',
  'expireAfterSeconds',
  'ns',
]);
const MOST_INDEXES = 64;

/** https://www.mongodb.com/docs/manual/reference/command/createIndexes/ */
export const createIndexes: Handler = async (command, engine) => {
  const { body } = command;
  allowFields(body, 'createIndexes', new Set(['indexes', 'commitQuorum', 'ignoreUnknownIndexOptions']));
  const list = body['indexes'];
  if (!Array.isArray(list) || list.length === 0)
    throw new ServerError(2, 'Must specify at least one index to create');
  const namespace = namespaceOf(command);
  const specs = (list as Document[]).map(readSpec);
  const { before, existed, made } = await engine.queue.submit((writer) => {
    const known = engine.catalog.get(namespace);
    const collection = engine.catalog.ensure(writer, namespace);
    const fresh = specs.filter((spec) => isNew(collection, spec));
    const added = fresh.map((spec) => define(engine, writer, spec));
    if (collection.indexes.length + 1 + added.length > MOST_INDEXES) {
      throw new ServerError(67, `add index fails, too many indexes for ${namespace}`);
    }
    if (added.length > 0) engine.catalog.setIndexes(writer, collection, [...collection.indexes, ...added]);
    return { before: collection.indexes.length + 1, existed: known !== undefined, made: added };
  });
  if (made.length > 0) await buildIndexes(engine, namespace, made);
  return {
    numIndexesBefore: before,
    numIndexesAfter: before + made.length,
    createdCollectionAutomatically: !existed,
    ...(made.length === 0 ? { note: 'all indexes already exist' } : {}),
  };
};

type Spec = Omit<IndexDefinition, 'number' | 'ready' | 'readyAt' | 'multikeyPaths' | 'cutKeys'>;

function readSpec(spec: Document): Spec {
  for (const name of Object.keys(spec)) {
    if (!INDEX_FIELDS.has(name))
      throw new ServerError(72, `The field '${name}' is not valid for an index specification.`);
  }
  refuse(
    spec,
    [...INDEX_FIELDS].filter((name) => !SUPPORTED.has(name)),
  );
  const key = documentField(spec, 'key');
  if (!key) throw new ServerError(9, "The 'key' field is a required property of an index specification");
  const { fields, descending } = parseKeyPattern(key);
  const pattern = fields.map((path, i) => [path, descending[i] ? -1 : 1] as const);
  const name =
    typeof spec['name'] === 'string'
      ? spec['name']
      : pattern.map(([path, direction]) => `${path}_${direction}`).join('_');
  const partialFilter = documentField(spec, 'partialFilterExpression');
  if (partialFilter) parseFilter(partialFilter);
  const sparse = spec['sparse'] === true;
  if (sparse && partialFilter)
    throw new ServerError(67, "cannot mix 'partialFilterExpression' and 'sparse' options");
  const seconds =
    spec['expireAfterSeconds'] === undefined ? undefined : wholeNumber(spec, 'expireAfterSeconds', 0);
  if (seconds !== undefined && (seconds < 0 || seconds > 0x7fffffff)) {
    throw new ServerError(
      67,
      `TTL index 'expireAfterSeconds' option must be within an acceptable range, got ${seconds}`,
    );
  }
  if (seconds !== undefined && pattern.length > 1) {
    throw new ServerError(67, 'TTL indexes are single-field indexes, compound indexes do not support TTL.');
  }
  return {
    name,
    pattern,
    unique: spec['unique'] === true,
    sparse,
    ...(partialFilter ? { partialFilter } : {}),
    ...(seconds === undefined ? {} : { expireAfterSeconds: seconds }),
  };
}

/** Whether the collection lacks the index. @throws ServerError when one like it has other options */
function isNew(collection: CollectionDefinition, spec: Spec): boolean {
  if (isIdPattern(spec)) {
    if (spec.name !== '_id_' || spec.sparse || spec.partialFilter)
      throw new ServerError(67, 'The _id index cannot be made with options');
    return false;
  }
  const same = (index: IndexDefinition): boolean => signature(index) === signature(spec);
  const named = collection.indexes.find(({ name }) => name === spec.name);
  if (named) {
    if (same(named)) return false;
    const keysDiffer = patternText(named) !== patternText(spec);
    throw new ServerError(
      keysDiffer ? 86 : 85,
      `An existing index has the same name as the requested index. Requested index: ${spec.name} on ${collection.namespace}`,
    );
  }
  const alike = collection.indexes.find(
    (index) => patternText(index) === patternText(spec) && filterText(index) === filterText(spec),
  );
  if (alike) throw new ServerError(85, `Index already exists with a different name: ${alike.name}`);
  return true;
}

function isIdPattern({ pattern }: Spec): boolean {
  return pattern.length === 1 && pattern[0]?.[0] === '_id';
}

function patternText({ pattern }: Pick<Spec, 'pattern'>): string {
  return JSON.stringify(pattern);
}

function filterText({ partialFilter }: Pick<Spec, 'partialFilter'>): string {
  return partialFilter ? encode(partialFilter).toString('latin1') : '';
}

function signature(spec: Spec): string {
  return JSON.stringify([
    spec.pattern,
    spec.unique,
    spec.sparse,
    filterText(spec),
    spec.expireAfterSeconds ?? null,
  ]);
}

function define(engine: Engine, writer: Writer, spec: Spec): IndexDefinition {
  return {
    ...spec,
    number: engine.catalog.nextNumber(writer),
    ready: false,
    readyAt: 0,
    multikeyPaths: [],
    cutKeys: false,
  };
}

/** https://www.mongodb.com/docs/manual/reference/command/listIndexes/ */
export const listIndexes: Handler = (command, engine) => {
  const namespace = namespaceOf(command);
  const collection = engine.catalog.get(namespace);
  if (!collection) throw new ServerError(26, `ns does not exist: ${namespace}`);
  const listed = collection.indexes.filter(({ ready }) => ready).map(describeIndex);
  return encodeCursorReply(
    'firstBatch',
    [{ v: 2, key: { _id: 1 }, name: '_id_' }, ...listed].map(encode),
    0n,
    namespace,
  );
};

/** An index as listIndexes shows it. */
function describeIndex(index: IndexDefinition): Document {
  return {
    v: 2,
    key: keyDocument(index),
    name: index.name,
    ...(index.unique ? { unique: true } : {}),
    ...(index.sparse ? { sparse: true } : {}),
    ...(index.partialFilter ? { partialFilterExpression: index.partialFilter } : {}),
    ...(index.expireAfterSeconds === undefined ? {} : { expireAfterSeconds: index.expireAfterSeconds }),
  };
}

/** https://www.mongodb.com/docs/manual/reference/command/dropIndexes/ */
export const dropIndexes: Handler = async (command, engine) => {
  const namespace = namespaceOf(command);
  const wanted = command.body['index'];
  const before = await engine.queue.submit((writer) => {
    const collection = engine.catalog.get(namespace);
    if (!collection) throw new ServerError(26, `ns not found ${namespace}`);
    removeIndexes(engine, writer, collection, namesOf(collection, wanted));
    return collection.indexes.length + 1;
  });
  void engine.sweeper.wake();
  return { nIndexesWas: before };
};

function namesOf(collection: CollectionDefinition, wanted: unknown): string[] {
  if (wanted === '*') return collection.indexes.map(({ name }) => name);
  if (isDocument(wanted)) {
    const { fields, descending } = parseKeyPattern(wanted);
    const pattern = JSON.stringify(fields.map((path, i) => [path, descending[i] ? -1 : 1]));
    const found = collection.indexes.filter((index) => patternText(index) === pattern);
    if (found.length === 0) throw new ServerError(27, `can't find index with key: ${JSON.stringify(wanted)}`);
    return found.map(({ name }) => name);
  }
  const names = Array.isArray(wanted) ? wanted.map(String) : [String(wanted)];
  for (const name of names) {
    if (name === '_id_') throw new ServerError(72, 'cannot drop _id index');
    if (!collection.indexes.some((index) => index.name === name))
      throw new ServerError(27, `index not found with name [${name}]`);
  }
  return names;
}
