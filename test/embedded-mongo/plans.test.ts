import fc from 'fast-check';
import { MongoClient } from 'mongodb';
import type { ClientSession, Collection, Document, Filter, IndexSpecification, Sort } from 'mongodb';
import { testDatabase } from '../support/mongo';
import type { TestDatabase } from '../support/mongo';

let database: TestDatabase;
let client: MongoClient;

beforeAll(async () => {
  database = await testDatabase();
  client = await MongoClient.connect(database.uri);
});

afterAll(async () => {
  await client.close();
  await database.close();
});

const scalar = fc.oneof(
  fc.integer({ min: -3, max: 6 }),
  fc.constantFrom('', 'a', 'ab', 'abc', 'b', 'ä', 'x'.repeat(1500), `${'x'.repeat(1500)}y`),
  fc.constantFrom(null, true, false, 1.5, new Date(5), { k: 1 }, { k: 1, l: 2 }),
);
const value = fc.oneof({ weight: 3, arbitrary: scalar }, fc.array(scalar, { maxLength: 3 }));
const range = fc.record(
  {
    k: scalar,
    l: fc.oneof(fc.integer({ min: 0, max: 5 }), fc.array(fc.integer({ max: 3 }), { maxLength: 2 })),
  },
  { requiredKeys: [] },
);
const documents = fc.array(
  fc.record(
    { a: value, b: value, c: scalar, ranges: fc.oneof(fc.array(range, { maxLength: 3 }), range) },
    { requiredKeys: [] },
  ),
  { minLength: 2, maxLength: 25 },
);

const indexPool: [IndexSpecification, object][] = [
  [{ a: 1 }, {}],
  [{ a: 1, _id: 1 }, {}],
  [{ a: -1, c: 1 }, {}],
  [{ c: 1, b: -1 }, {}],
  [{ c: -1 }, { sparse: true }],
  [{ b: 1 }, { partialFilterExpression: { c: { $gt: 1 } } }],
  [{ b: 1, a: 1 }, { partialFilterExpression: { a: { $exists: true } } }],
  [{ 'ranges.k': 1, 'ranges.l': 1 }, {}],
  [{ 'ranges.l': -1, a: 1 }, {}],
];
const indexes = fc.uniqueArray(fc.nat(indexPool.length - 1), { maxLength: 4 });

const path = fc.constantFrom('a', 'b', 'c', 'ranges.k', 'ranges.l', '_id');
const operator = fc.oneof(
  scalar.map((operand) => ({ $eq: operand })),
  fc
    .tuple(fc.constantFrom('$gt', '$gte', '$lt', '$lte', '$ne'), scalar)
    .map(([name, operand]) => ({ [name]: operand })),
  fc.tuple(scalar, scalar).map(([low, high]) => ({ $gte: low, $lt: high })),
  fc.array(scalar, { minLength: 1, maxLength: 4 }).map((list) => ({ $in: list })),
  fc.array(scalar, { minLength: 1, maxLength: 3 }).map((list) => ({ $all: list })),
  fc.boolean().map((exists) => ({ $exists: exists })),
  fc.constantFrom({ $regex: '^a' }, { $regex: '^ab?' }, { $type: 'string' }, { $size: 1 }),
  fc.tuple(scalar, scalar).map(([low, high]) => ({ $elemMatch: { $gte: low, $lte: high } })),
);
const predicate: fc.Arbitrary<Filter<Document>> = fc.oneof(
  fc.tuple(path, operator).map(([name, operand]) => ({ [name]: operand })),
  fc.tuple(scalar, fc.nat(4)).map(([k, l]) => ({ ranges: { $elemMatch: { k, l: { $gte: l } } } })),
);
const filter: fc.Arbitrary<Filter<Document>> = fc.oneof(
  predicate,
  fc.array(predicate, { minLength: 2, maxLength: 3 }).map(($and) => ({ $and })),
  fc.array(predicate, { minLength: 2, maxLength: 3 }).map(($or) => ({ $or })),
  fc
    .tuple(predicate, fc.array(predicate, { minLength: 2, maxLength: 2 }))
    .map(([one, $or]) => ({ $and: [one, { $or }] })),
);
const direction = fc.constantFrom(1 as const, -1 as const);
const sort: fc.Arbitrary<Sort> = fc.oneof(
  fc.constant<Sort>({}),
  direction.map((d): Sort => ({ _id: d })),
  fc
    .tuple(fc.constantFrom('a', 'b', 'c', 'ranges.l'), direction, direction)
    .map(([name, d, e]): Sort => ({ [name]: d, _id: e })),
);

/** Two arrays cannot stand in one compound index: MongoDB refuses them too. */
function unlessParallelArrays(error: { code?: number }): void {
  if (error.code !== 171) throw error;
}

let run = 0;

test('whatever the index, the answer is that of the scan', async () => {
  await fc.assert(
    fc.asyncProperty(
      documents,
      indexes,
      fc.array(fc.tuple(filter, sort), { minLength: 4, maxLength: 8 }),
      async (rows, chosen, queries) => {
        const collection = client.db().collection(`plans${run++}`);
        await collection.insertMany(rows.slice(1).map((row, i) => ({ ...row, _id: i }) as Document));
        for (const i of chosen)
          await collection
            .createIndex(...(indexPool[i] as [IndexSpecification, object]))
            .catch(unlessParallelArrays);
        await collection.insertOne({ ...rows[0], _id: 99 } as Document).catch(unlessParallelArrays);
        for (const [query, order] of queries) await expectSameAnswers(collection, query, order);
        await collection.drop();
      },
    ),
    { numRuns: Number(process.env['RUNS'] ?? 30) },
  );
});

async function expectSameAnswers(
  collection: Collection,
  query: Filter<Document>,
  order: Sort,
): Promise<void> {
  const ids = async (hint?: Document): Promise<unknown[]> => {
    const cursor = collection.find(query, { sort: order, ...(hint ? { hint } : {}) });
    const found = (await cursor.toArray()).map(({ _id }) => String(_id));
    return Object.keys(order).length > 0 ? found : found.sort();
  };
  const scanned = await ids({ $natural: 1 });
  expect(await ids()).toEqual(scanned);
  expect(await collection.countDocuments(query)).toBe(scanned.length);
  if (Object.keys(order).length > 0) {
    const page = await collection.find(query, { sort: order, skip: 1, limit: 3 }).toArray();
    expect(page.map(({ _id }) => String(_id))).toEqual(scanned.slice(1, 4));
  }
}

test('many entries are counted from the index: those in the file, in memory and of a transaction', async () => {
  const collection = client.db().collection<{ _id: number; kind: string }>('many');
  await collection.createIndex({ kind: 1 });
  const rows = (from: number, to: number, kind: string): { _id: number; kind: string }[] =>
    Array.from({ length: to - from }, (_, i) => ({ _id: from + i, kind }));
  await collection.insertMany([...rows(0, 30_000, 'a'), ...rows(30_000, 40_000, 'b')]);
  await client.db('admin').command({ fsync: 1 });
  await collection.deleteMany({ _id: { $gte: 100, $lt: 1_100 } });
  await collection.insertMany(rows(40_000, 60_000, 'a'));
  await collection.updateMany({ _id: { $lt: 100 } }, { $set: { kind: 'b' } });
  const queries = [{ kind: 'a' }, { kind: { $gte: 'a' } }, { kind: { $in: ['a', 'b', 'c'] } }];
  const counted = async (session?: ClientSession): Promise<number[]> => {
    const counts = [];
    for (const query of queries)
      counts.push(await collection.countDocuments(query, session ? { session } : {}));
    return counts;
  };
  expect(await counted()).toEqual([48_900, 59_000, 59_000]);
  await client.withSession(async (session) => {
    session.startTransaction();
    await collection.insertMany(rows(60_000, 60_500, 'a'), { session });
    await collection.deleteMany({ kind: 'b', _id: { $lt: 50 } }, { session });
    expect(await counted(session)).toEqual([49_400, 59_450, 59_450]);
    await session.abortTransaction();
  });
  expect(await counted()).toEqual([48_900, 59_000, 59_000]);
});

test('of more values than are looked up one by one, only those are found', async () => {
  const collection = client.db().collection<{ _id: number; a: number; b: number }>('values');
  await collection.createIndex({ a: 1, b: 1 });
  await collection.createIndex({ b: 1 }, { unique: true });
  await collection.insertMany(Array.from({ length: 11_000 }, (_, i) => ({ _id: i, a: i % 100, b: i })));
  const even = Array.from({ length: 5_100 }, (_, i) => 2 * i);
  for (const path of ['_id', 'b'])
    for (const sort of [{}, { [path]: -1 as const }]) {
      const found = await collection.find({ [path]: { $in: even } }, { sort }).toArray();
      expect(found.map(({ _id }) => _id).sort((one, other) => one - other)).toEqual(even);
      expect(await collection.countDocuments({ [path]: { $in: even } })).toBe(even.length);
    }
  const some = { a: { $in: Array.from({ length: 50 }, (_, i) => 2 * i) }, b: { $in: even.slice(0, 100) } };
  expect(await collection.countDocuments(some)).toBe(100);
  expect((await collection.find(some).sort({ b: 1 }).toArray()).map(({ b }) => b)).toEqual(
    even.slice(0, 100),
  );
});

test('a page whose rows come late in its order is sorted instead, and is the same', async () => {
  const collection = client.db().collection<{ _id: number; list: string; name: string; at: number }>('late');
  await collection.createIndexes([{ key: { list: 1, at: 1, _id: 1 } }, { key: { name: 1, _id: 1 } }]);
  const SIZE = 20_000;
  // A name that lies at the end of the order, one that lies all over it, one that nearly all have.
  const nameOf = (i: number): string => (i >= SIZE - 3_000 ? 'late' : i % 7 === 0 ? 'spread' : 'most');
  const rows = Array.from({ length: SIZE }, (_, i) => ({ _id: i, list: '*', name: nameOf(i), at: i >> 2 }));
  await collection.insertMany(rows);
  const page = { sort: { at: 1, _id: 1 }, skip: 5, limit: 20 } as const;
  const examined = async (name: string): Promise<number> => {
    const cursor = collection.find({ list: '*', name }, page);
    const { executionStats } = (await cursor.explain('executionStats')) as {
      executionStats: { totalKeysExamined: number };
    };
    const natural = collection.find({ name }, { ...page, hint: { $natural: 1 } });
    expect(await collection.find({ list: '*', name }, page).toArray()).toEqual(await natural.toArray());
    return executionStats.totalKeysExamined;
  };
  expect(await examined('late')).toBeLessThan(3_000 + 1_200);
  expect(await examined('spread')).toBeLessThan(250);
  expect(await examined('most')).toBeLessThan(50);
  expect(await examined('nobody')).toBe(0);
});

test('a page of large documents is read along its order in whole, though another index leads to them too', async () => {
  const collection = client.db().collection<{ _id: number; list: string; name: string; at: number }>('large');
  await collection.createIndexes([{ key: { list: 1, at: 1, _id: 1 } }, { key: { name: 1, _id: 1 } }]);
  const fill = 'f'.repeat(100_000);
  for (let at = 0; at < 240; at += 60)
    await collection.insertMany(
      Array.from({ length: 60 }, (_, i) => ({ _id: at + i, list: '*', name: 'n', at: -at - i, fill })),
    );
  const asked = { sort: { at: 1, _id: 1 }, skip: 3, limit: 220, projection: { _id: 1 } } as const;
  const found = await collection.find({ list: '*', name: 'n' }, asked).toArray();
  expect(found.map(({ _id }) => _id)).toEqual(Array.from({ length: 220 }, (_, i) => 236 - i));
});

test('a hint is obeyed without a condition on its index, over arrays and long keys too', async () => {
  const collection = client.db().collection<{ _id: number; tags?: unknown }>('hinted');
  await collection.createIndexes([{ key: { tags: 1 } }]);
  await collection.insertMany([
    { _id: 1, tags: ['b', 'a', 'z'] },
    { _id: 2, tags: [] },
    { _id: 3, tags: 'x'.repeat(5000) },
    { _id: 4 },
  ]);
  const hinted = collection.find({}, { hint: { tags: 1 }, sort: { _id: -1 } });
  expect((await hinted.toArray()).map(({ _id }) => _id)).toEqual([4, 3, 2, 1]);
  expect(await collection.countDocuments({ _id: { $gt: 1 } }, { hint: 'tags_1' })).toBe(3);
});
