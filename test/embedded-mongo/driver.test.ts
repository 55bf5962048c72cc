import { MongoClient } from 'mongodb';
import type { Db } from 'mongodb';
import { testDatabase } from '../support/mongo';
import type { TestDatabase } from '../support/mongo';

let database: TestDatabase;
let client: MongoClient;
let db: Db;

beforeAll(async () => {
  database = await testDatabase();
  client = await MongoClient.connect(database.uri);
  db = client.db();
});

afterAll(async () => {
  await client.close();
  await database.close();
});

test('writes are read back, counted, changed and removed', async () => {
  const people = db.collection<{ _id: number; name?: string; n?: number }>('people');
  await people.insertMany([
    { _id: 1, name: 'Ada', n: 1 },
    { _id: 2, name: 'Bo', n: 2 },
  ]);
  expect(
    await people
      .find({ n: { $gte: 1 } })
      .sort({ n: -1 })
      .toArray(),
  ).toEqual([
    { _id: 2, name: 'Bo', n: 2 },
    { _id: 1, name: 'Ada', n: 1 },
  ]);
  expect(await people.countDocuments({ n: 2 })).toBe(1);
  expect(await people.findOneAndUpdate({ _id: 1 }, { $inc: { n: 5 } }, { returnDocument: 'after' })).toEqual({
    _id: 1,
    name: 'Ada',
    n: 6,
  });
  const upserted = await people.updateOne({ _id: 3 }, { $set: { name: 'Cy' } }, { upsert: true });
  expect(upserted).toMatchObject({ matchedCount: 0, upsertedId: 3, upsertedCount: 1 });
  expect(await people.deleteMany({ _id: { $lte: 2 } })).toMatchObject({ deletedCount: 2 });
  expect(await people.distinct('name')).toEqual(['Cy']);
});

test('a unique index refuses the second document with the same key', async () => {
  const users = db.collection('users');
  await users.createIndex({ email: 1 }, { unique: true });
  await users.insertOne({ email: 'a@example.org' });
  await expect(users.insertOne({ email: 'a@example.org' })).rejects.toMatchObject({
    code: 11000,
    keyValue: { email: 'a@example.org' },
  });
});

test('a transaction is all or nothing, and unseen before it commits', async () => {
  const accounts = db.collection<{ _id: string; sum: number }>('accounts');
  await accounts.insertMany([
    { _id: 'a', sum: 10 },
    { _id: 'b', sum: 0 },
  ]);
  await client.withSession((session) =>
    session.withTransaction(async () => {
      await accounts.updateOne({ _id: 'a' }, { $inc: { sum: -4 } }, { session });
      await accounts.updateOne({ _id: 'b' }, { $inc: { sum: 4 } }, { session });
      expect(await accounts.findOne({ _id: 'b' }, { session })).toEqual({ _id: 'b', sum: 4 });
      expect(await accounts.findOne({ _id: 'b' })).toEqual({ _id: 'b', sum: 0 });
    }),
  );
  expect(await accounts.find().sort({ _id: 1 }).toArray()).toEqual([
    { _id: 'a', sum: 6 },
    { _id: 'b', sum: 4 },
  ]);
});
