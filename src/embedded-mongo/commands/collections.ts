import { Binary, Long } from 'bson';
import type { CollectionDefinition } from '../catalog/definitions';
import { collectionOf, databaseOf } from '../catalog/definitions';
import type { Engine } from '../engine';
import { drain } from '../planner/pace';
import { prepare, run } from '../planner/search';
import { compileFilter, parseFilter } from '../semantics';
import type { Document } from '../semantics';
import { encode } from '../storage/codec';
import { encodeCursorReply } from '../wire/cursor-reply';
import type { Handler } from './command';
import { allowFields, documentField, namespaceOf, refuse, viewOf } from './command';
import { paceOf } from './find';

const CREATE_FIELDS = new Set([
  'capped',
  'size',
  'max',
  'timeseries',
  'expireAfterSeconds',
  'clusteredIndex',
  'changeStreamPreAndPostImages',
  'validator',
  'validationLevel',
  'validationAction',
  'indexOptionDefaults',
  'viewOn',
  'pipeline',
  'collation',
  'storageEngine',
  'autoIndexId',
  'flags',
]);

/** https://www.mongodb.com/docs/manual/reference/command/create/ */
export const create: Handler = async (command, engine) => {
  allowFields(command.body, 'create', CREATE_FIELDS);
  refuse(
    command.body,
    [...CREATE_FIELDS].filter((name) => name !== 'autoIndexId' && name !== 'flags'),
  );
  const namespace = namespaceOf(command);
  await engine.queue.submit((writer) => engine.catalog.ensure(writer, namespace));
  return {};
};

/** https://www.mongodb.com/docs/manual/reference/command/drop/ */
export const drop: Handler = async (command, engine) => {
  const namespace = namespaceOf(command);
  const indexes = (engine.catalog.get(namespace)?.indexes.length ?? 0) + 1;
  const existed = await dropAll(engine, (catalog) => [catalog.get(namespace)]);
  return existed ? { ns: namespace, nIndexesWas: indexes } : {};
};

/** https://www.mongodb.com/docs/manual/reference/command/dropDatabase/ */
export const dropDatabase: Handler = async (command, engine) => {
  await dropAll(engine, (catalog) => catalog.inDatabase(command.database));
  return { dropped: command.database };
};

async function dropAll(
  engine: Engine,
  choose: (catalog: Engine['catalog']) => (CollectionDefinition | undefined)[],
): Promise<boolean> {
  const dropped = await engine.queue.submit(
    (writer) => {
      const chosen = choose(engine.catalog).filter((collection) => collection !== undefined);
      for (const collection of chosen) engine.catalog.drop(writer, collection);
      return chosen.length;
    },
    { frees: true },
  );
  if (dropped > 0) void engine.sweeper.wake();
  return dropped > 0;
}

/** https://www.mongodb.com/docs/manual/reference/command/listCollections/ */
export const listCollections: Handler = (command, engine) => {
  const { body, database } = command;
  allowFields(body, 'listCollections', new Set(['filter', 'nameOnly', 'cursor', 'authorizedCollections']));
  const matches = compileFilter(parseFilter(documentField(body, 'filter') ?? {}));
  const described = engine.catalog
    .inDatabase(database)
    .map((collection) => describe(collection, body['nameOnly'] === true));
  return encodeCursorReply(
    'firstBatch',
    described.filter((one) => matches(one)).map(encode),
    0n,
    `${database}.$cmd.listCollections`,
  );
};

function describe(collection: CollectionDefinition, nameOnly: boolean): Document {
  const name = collectionOf(collection.namespace);
  if (nameOnly) return { name, type: 'collection' };
  return {
    name,
    type: 'collection',
    options: {},
    info: { readOnly: false, uuid: new Binary(collection.uuid, 4) },
    idIndex: { v: 2, key: { _id: 1 }, name: '_id_' },
  };
}

/** https://www.mongodb.com/docs/manual/reference/command/listDatabases/ */
export const listDatabases: Handler = (command, engine) => {
  const { body } = command;
  allowFields(body, 'listDatabases', new Set(['filter', 'nameOnly', 'authorizedDatabases']));
  const matches = compileFilter(parseFilter(documentField(body, 'filter') ?? {}));
  const names = [...new Set(engine.catalog.all().map(({ namespace }) => databaseOf(namespace)))];
  const databases = names.map((name) =>
    body['nameOnly'] === true ? { name } : { name, sizeOnDisk: Long.fromNumber(0), empty: false },
  );
  const listed = databases.filter((one) => matches(one));
  return { databases: listed, ...(body['nameOnly'] === true ? {} : { totalSize: Long.fromNumber(0) }) };
};

/** https://www.mongodb.com/docs/manual/reference/command/collStats/: counts by reading, so it costs a scan. */
export const collStats: Handler = async (command, engine) => {
  const namespace = namespaceOf(command);
  const collection = engine.catalog.get(namespace);
  const view = viewOf(command, engine);
  let documents = 0;
  let size = 0;
  try {
    await drain(run(view, prepare(view, collection, { filter: {} })), paceOf(command, view), ({ bytes }) => {
      documents++;
      size += bytes.length;
    });
  } finally {
    view.release();
  }
  return {
    ns: namespace,
    count: documents,
    size,
    avgObjSize: documents > 0 ? Math.round(size / documents) : 0,
    storageSize: size,
    nindexes: collection ? collection.indexes.length + 1 : 0,
    capped: false,
  };
};
