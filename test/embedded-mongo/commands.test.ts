import { Double, Int32, Long, MongoClient, ObjectId } from 'mongodb';
import type { Collection, Db, Document } from 'mongodb';
import { describeEmbedded, testDatabase } from '../support/mongo';
import type { TestDatabase } from '../support/mongo';

let database: TestDatabase;
let client: MongoClient;
let db: Db;
let next = 0;

beforeAll(async () => {
  database = await testDatabase();
  client = await MongoClient.connect(database.uri);
  db = client.db();
});

afterAll(async () => {
  await client.close();
  await database.close();
});

function fresh(): Collection<Document> {
  return db.collection(`c${next++}`);
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no error',
    (error: { code?: unknown }) => error.code,
  );
}

test('hello looks like the primary of a replica set of one', async () => {
  expect(await db.command({ hello: 1 })).toMatchObject({
    isWritablePrimary: true,
    logicalSessionTimeoutMinutes: 30,
    ok: 1,
  });
  expect(await db.admin().command({ buildInfo: 1 })).toMatchObject({ version: expect.any(String) });
  expect(await db.admin().serverStatus()).toMatchObject({ ok: 1 });
});

test('collections and databases are listed, made and dropped', async () => {
  await db.createCollection('made');
  await db.createCollection('made');
  expect(await db.listCollections({ name: 'made' }).toArray()).toMatchObject([
    { name: 'made', type: 'collection' },
  ]);
  expect((await db.admin().listDatabases()).databases.map(({ name }) => name)).toContain(db.databaseName);
  await db.collection('made').insertOne({ a: 1 });
  expect(await db.command({ collStats: 'made' })).toMatchObject({ count: 1 });
  expect(await db.collection('made').drop()).toBe(true);
  expect(await db.listCollections({ name: 'made' }).toArray()).toEqual([]);
  expect(await db.collection('made').countDocuments({})).toBe(0);
});

test('numbers keep their BSON type through writes and updates', async () => {
  const rows = fresh();
  await rows.insertOne({
    _id: 1 as never,
    int: new Int32(1),
    double: new Double(1),
    long: Long.fromNumber(1),
    id: new ObjectId(),
  });
  await rows.updateOne({ _id: 1 as never }, { $set: { touched: true } });
  const found = await rows.findOne({}, { promoteValues: false });
  expect(['int', 'double', 'long'].map((name) => (found?.[name] as { _bsontype: string })._bsontype)).toEqual(
    ['Int32', 'Double', 'Long'],
  );
});

test('an ordered insert stops at the first error, an unordered one goes on', async () => {
  const rows = fresh();
  const documents = [{ _id: 1 }, { _id: 1 }, { _id: 2 }] as never[];
  await expect(rows.insertMany(documents)).rejects.toMatchObject({
    code: 11000,
    result: { insertedCount: 1 },
  });
  await rows.deleteMany({});
  await expect(rows.insertMany(documents, { ordered: false })).rejects.toMatchObject({
    code: 11000,
    result: { insertedCount: 2 },
  });
});

test('bulkWrite mixes statements, in order, and stops at an error', async () => {
  const rows = fresh();
  const one = (_id: number): never => ({ _id }) as never;
  const result = await rows.bulkWrite([
    { insertOne: { document: one(1) } },
    { updateOne: { filter: one(1), update: { $inc: { n: 1 } } } },
    { updateOne: { filter: one(1), update: { $inc: { n: 1 } } } },
    { updateMany: { filter: {}, update: { $inc: { n: 10 } } } },
    { replaceOne: { filter: one(2), replacement: { n: 5 }, upsert: true } },
    { deleteOne: { filter: one(3) } },
  ]);
  expect(result).toMatchObject({ insertedCount: 1, modifiedCount: 3, upsertedCount: 1, deletedCount: 0 });
  await expect(
    rows.bulkWrite([
      { updateOne: { filter: one(1), update: { $inc: { n: 1 } } } },
      { updateOne: { filter: one(2), update: { $set: { _id: 9 } as never } } },
      { updateOne: { filter: one(1), update: { $inc: { n: 100 } } } },
    ]),
  ).rejects.toMatchObject({ code: 66 });
  expect(await rows.find().sort({ _id: 1 }).toArray()).toEqual([
    { _id: 1, n: 13 },
    { _id: 2, n: 5 },
  ]);
});

test('findAndModify sorts, upserts, returns either image, and removes', async () => {
  const rows = fresh();
  await rows.insertMany([{ n: 2 }, { n: 1 }, { n: 3 }]);
  expect(
    await rows.findOneAndUpdate({}, { $set: { taken: true } }, { sort: { n: 1 }, projection: { _id: 0 } }),
  ).toEqual({ n: 1 });
  expect(
    await rows.findOneAndReplace(
      { n: 9 },
      { n: 10 },
      { upsert: true, returnDocument: 'after', projection: { _id: 0 } },
    ),
  ).toEqual({ n: 10 });
  expect(await rows.findOneAndDelete({ taken: true }, { projection: { _id: 0 } })).toEqual({
    n: 1,
    taken: true,
  });
  expect(await rows.findOneAndDelete({ taken: true })).toBeNull();
});

test('a cursor gives all documents batch by batch, and can be killed', async () => {
  const rows = fresh();
  await rows.insertMany(Array.from({ length: 350 }, (_, n) => ({ n })));
  expect(await rows.find({}, { batchSize: 100 }).toArray()).toHaveLength(350);
  expect(
    await rows
      .aggregate([{ $match: { n: { $lt: 300 } } }, { $project: { n: 1 } }], { batchSize: 7 })
      .toArray(),
  ).toHaveLength(300);
  const cursor = rows.find({}, { batchSize: 2 });
  await cursor.next();
  await cursor.close();
  expect(await codeOf(db.command({ getMore: Long.fromNumber(12345), collection: rows.collectionName }))).toBe(
    43,
  );
});

test('indexes: options, conflicts, dropping, and a unique build over duplicates', async () => {
  const rows = fresh();
  await rows.insertMany([{ a: 1 }, { a: 1 }]);
  expect(await codeOf(rows.createIndex({ a: 1 }, { unique: true }))).toBe(11000);
  expect((await rows.indexes()).map(({ name }) => name)).toEqual(['_id_']);
  await rows.createIndex({ a: 1, b: -1 }, { name: 'ab', partialFilterExpression: { a: { $gt: 0 } } });
  expect(await rows.indexes()).toMatchObject([
    {},
    { name: 'ab', key: { a: 1, b: -1 }, partialFilterExpression: { a: { $gt: 0 } } },
  ]);
  expect(await codeOf(rows.createIndex({ a: 1 }, { name: 'ab' }))).toBe(86);
  expect(
    await codeOf(
      rows.createIndex({ a: 1, b: -1 }, { name: 'other', partialFilterExpression: { a: { $gt: 0 } } }),
    ),
  ).toBe(85);
  await rows.dropIndex('ab');
  expect(await codeOf(rows.dropIndex('ab'))).toBe(27);
  expect(await codeOf(rows.dropIndex('_id_'))).toBe(72);
});

test('writes during an index build are in the index', async () => {
  const rows = fresh();
  await rows.insertMany(Array.from({ length: 3000 }, (_, n) => ({ n, tag: 'old' })));
  let building = true;
  const built = rows.createIndex({ tag: 1 }).finally(() => (building = false));
  let added = 0;
  while (building) await rows.insertOne({ n: 3000 + added++, tag: 'new' });
  await built;
  expect(await rows.countDocuments({ tag: 'new' }, { hint: { tag: 1 } })).toBe(added);
  expect(await rows.countDocuments({ tag: 'old' }, { hint: { tag: 1 } })).toBe(3000);
});

test('a page of a multikey index neither sorts nor reads more than it returns', async () => {
  const rows = fresh();
  await rows.insertMany(
    Array.from({ length: 300 }, (_, n) => ({ _id: n as never, index: [`x${n % 3}`, `y${n % 7}`] })),
  );
  await rows.createIndex({ index: 1, _id: 1 });
  const plan = await rows
    .find({ index: 'x1', _id: { $gt: 100 as never } })
    .sort({ _id: 1 })
    .limit(20)
    .explain('executionStats');
  expect(plan['executionStats']).toMatchObject({
    nReturned: 20,
    totalKeysExamined: 20,
    totalDocsExamined: 20,
  });
  expect(JSON.stringify(plan)).not.toMatch(/"SORT"|COLLSCAN/);
  const all = await rows.find({ index: { $all: ['x1', 'y2'] } }).explain('executionStats');
  expect(all['executionStats'].totalKeysExamined).toBeLessThan(60);
  const begun = await rows.find({ index: { $regex: '^x1' } }).explain('queryPlanner');
  expect(JSON.stringify(begun)).toContain('[/^x1/, /^x1/]');
});

test('a page in an order walks that order where many rows match, and sorts where few do', async () => {
  const rows = fresh();
  await rows.insertMany(
    Array.from({ length: 1500 }, (_, n) => ({
      _id: n as never,
      list: ['*'],
      index: [`half${n % 2}`, n < 30 ? 'few' : 'rest'],
      day: (n * 7) % 1500,
    })),
  );
  await rows.createIndexes([{ key: { index: 1, _id: 1 } }, { key: { list: 1, day: 1, _id: 1 } }]);
  const statsOf = async (index: string): Promise<Document> => {
    const find = rows.find({ list: '*', index }).sort({ day: -1, _id: -1 }).limit(20);
    return (await find.explain('executionStats'))['executionStats'] as Document;
  };
  expect((await statsOf('half1'))['totalDocsExamined']).toBeLessThan(100);
  expect((await statsOf('few'))['totalDocsExamined']).toBe(30);
});

test('branches of $or come in the order of the sort', async () => {
  const rows = fresh();
  await rows.insertMany(Array.from({ length: 40 }, (_, n) => ({ _id: n as never, a: n % 4, b: n % 5 })));
  await rows.createIndexes([{ key: { a: 1, _id: 1 } }, { key: { b: 1, _id: 1 } }]);
  const ids = async ($or: Document[]): Promise<unknown[]> =>
    (await rows.find({ $or }).sort({ _id: -1 }).toArray()).map(({ _id }) => _id);
  expect(await ids([{ _id: 1 }, { _id: 30 }, { _id: 7 }])).toEqual([30, 7, 1]);
  expect(await ids([{ a: 1, _id: { $lt: 10 } }, { b: 2 }, { _id: 39 }])).toEqual([
    39, 37, 32, 27, 22, 17, 12, 9, 7, 5, 2, 1,
  ]);
  const plan = await rows
    .find({ $or: [{ a: 1 }, { b: 2 }] })
    .sort({ _id: -1 })
    .explain('queryPlanner');
  expect(JSON.stringify(plan)).toMatch(/SORT_MERGE/);
});

test('an index of ranges under $elemMatch is bounded at both ends', async () => {
  const rows = fresh();
  await rows.insertMany(
    Array.from({ length: 200 }, (_, n) => ({
      ranges: [
        { k: 'date', l: n },
        { k: 'other', l: 500 - n },
      ],
    })),
  );
  await rows.createIndex({ 'ranges.k': 1, 'ranges.l': 1 });
  const filter = { ranges: { $elemMatch: { k: 'date', l: { $gte: 50, $lt: 60 } } } };
  expect((await rows.find(filter).explain('executionStats'))['executionStats']).toMatchObject({
    nReturned: 10,
    totalKeysExamined: 10,
  });
});

test('who does not ask for the journal is answered before those whose writes go to disk with it', async () => {
  const rows = fresh();
  await rows.insertOne({ n: 0 });
  const increment = (options: object): Promise<Document | null> =>
    rows.findOneAndUpdate({}, { $inc: { n: 1 } }, { returnDocument: 'after', ...options });
  let overtaken = 0;
  const counts: unknown[] = [];
  for (let i = 0; i < 20; i++) {
    let isSynced = false;
    const synced = increment({ writeConcern: { w: 1, j: true } }).then((row) => {
      isSynced = true;
      return row;
    });
    const counted = increment({ writeConcern: { w: 1, j: false } }).then((row) => {
      if (!isSynced) overtaken += 1;
      return row;
    });
    counts.push((await synced)?.n, (await counted)?.n);
  }
  // Each has seen those before it, whether they were on disk or not.
  expect([...counts].sort((a, b) => Number(a) - Number(b))).toEqual(
    Array.from({ length: 40 }, (_, i) => i + 1),
  );
  expect(overtaken).toBeGreaterThan(0);
  await rows.insertOne({ _id: 'synced' as never });
  expect(await rows.findOne({ n: 40 })).not.toBeNull();
});

test('maxTimeMS ends a long scan', async () => {
  const rows = fresh();
  await rows.insertMany(Array.from({ length: 20_000 }, (_, n) => ({ n, text: `row ${n}` })));
  expect(await codeOf(rows.countDocuments({ text: /(x+)+y/ }, { maxTimeMS: 1 }))).toBe(50);
});

test('an upsert that searches for long makes one document', async () => {
  const rows = fresh();
  await rows.insertMany(Array.from({ length: 1000 }, (_, n) => ({ n })));
  expect(await rows.updateOne({ key: 'k' }, { $set: { v: 1 } }, { upsert: true })).toMatchObject({
    upsertedCount: 1,
  });
  expect(await rows.updateOne({ key: 'k' }, { $set: { v: 2 } }, { upsert: true })).toMatchObject({
    matchedCount: 1,
    modifiedCount: 1,
  });
  expect(await rows.find({ key: 'k' }).toArray()).toMatchObject([{ v: 2 }]);
});

describeEmbedded('nobody waits for a scan', () => {
  test.each(['collStats', 'count', 'distinct', 'find', 'aggregate'])('%s pauses', async (command) => {
    const rows = fresh();
    await rows.insertMany(Array.from({ length: 20_000 }, (_, n) => ({ n, text: `row ${n}` })));
    const options: Record<string, Document> = {
      distinct: { key: 'text' },
      find: { filter: { text: 'none' } },
      aggregate: { pipeline: [{ $group: { _id: '$text' } }], cursor: {} },
      count: { query: { text: 'none' } },
    };
    // A command looks at its time when it pauses.
    const limited = { [command]: rows.collectionName, ...options[command], maxTimeMS: 1 };
    expect(await codeOf(db.command(limited))).toBe(50);
  });
});

describeEmbedded('what only a real MongoDB has is refused by name', () => {
  const refusals: [string, () => Promise<unknown>, RegExp][] = [
    [
      'collation',
      () =>
        fresh()
          .find({}, { collation: { locale: 'de' } })
          .toArray(),
      /collation/,
    ],
    [
      'text search',
      () =>
        fresh()
          .find({ $text: { $search: 'x' } })
          .toArray(),
      /\$text/,
    ],
    ['a text index', () => fresh().createIndex({ a: 'text' }), /'text'/],
    ['a geo index', () => fresh().createIndex({ a: '2dsphere' }), /2dsphere/],
    [
      '$near',
      () =>
        fresh()
          .find({ a: { $near: [0, 0] } })
          .toArray(),
      /\$near/,
    ],
    ['$where', () => fresh().find({ $where: 'true' }).toArray(), /\$where/],
    ['a view', () => db.createCollection('v', { viewOn: 'c0', pipeline: [] }), /viewOn/],
    ['a capped collection', () => db.createCollection('k', { capped: true, size: 4096 }), /capped/],
    ['a change stream', () => fresh().watch().next(), /changeStream/],
    [
      '$out',
      () =>
        fresh()
          .aggregate([{ $out: 'o' }])
          .toArray(),
      /\$out/,
    ],
    ['authentication', () => db.command({ saslStart: 1, mechanism: 'PLAIN', payload: '' }), /saslStart/],
    [
      'renameCollection',
      () => db.admin().command({ renameCollection: 'a.b', to: 'a.c' }),
      /renameCollection/,
    ],
    ['an unknown command', () => db.command({ frobnicate: 1 }), /no such command: 'frobnicate'/],
    ['an unknown field', () => db.command({ find: 'c0', frobnicate: 1 }), /find\.frobnicate/],
  ];
  test.each(refusals)('%s', async (_, attempt, message) => {
    await expect(attempt()).rejects.toThrow(message);
  });
});
