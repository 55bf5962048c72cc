import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Long, MongoClient, UUID } from 'mongodb';
import type { ClientSession, Db } from 'mongodb';
import { startEmbeddedMongo } from '../../src/embedded-mongo';
import type { EmbeddedMongo } from '../../src/embedded-mongo';
import { describeEmbedded } from '../support/mongo';

/** A server that waits for milliseconds where others wait for minutes. */
const limits = { transaction: 300, cursor: 300, session: 300, sweep: 20, ttl: 20, sessions: 20 };

let dataDir: string;
let server: EmbeddedMongo;
let client: MongoClient;
let db: Db;

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10));
}

describeEmbedded('what nobody uses for long', () => {
  beforeAll(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'crosswalk-expiry-'));
    server = await startEmbeddedMongo({ dataDir, limits });
    client = await MongoClient.connect(server.uri);
    db = client.db();
  });

  afterAll(async () => {
    await client.close();
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('documents under a TTL index go when their time has come, and no others', async () => {
    const rows = db.collection<{ _id: string; at?: unknown }>('ttl');
    await rows.createIndex({ at: 1 }, { expireAfterSeconds: 60 });
    await rows.createIndex({ at: -1, _id: 1 });
    const ago = (seconds: number): Date => new Date(Date.now() - seconds * 1000);
    await rows.insertMany([
      { _id: 'past', at: ago(61) },
      { _id: 'ages past', at: new Date(-1e12) },
      { _id: 'one of several past', at: [ago(-1000), ago(100)] },
      { _id: 'not yet', at: ago(1) },
      { _id: 'future', at: ago(-3600) },
      { _id: 'no date', at: 'yesterday' },
      { _id: 'a number', at: 5 },
      { _id: 'null', at: null },
      { _id: 'without' },
    ]);
    await until(async () => (await rows.countDocuments({ _id: /past/ })) === 0);
    const left = (await rows.find().sort({ _id: 1 }).toArray()).map(({ _id }) => _id);
    expect(left).toEqual(['a number', 'future', 'no date', 'not yet', 'null', 'without']);
    expect(
      await rows.find({ at: { $gte: new Date(-2e12) } }, { hint: { at: -1, _id: 1 } }).toArray(),
    ).toHaveLength(2);
  });

  test('an abandoned transaction is aborted: its lock goes, its writes are never seen, its commit is refused', async () => {
    const rows = db.collection<{ _id: number; n: number }>('abandoned');
    await rows.insertOne({ _id: 1, n: 0 });
    const session = client.startSession();
    session.startTransaction();
    await rows.updateOne({ _id: 1 }, { $set: { n: 100 } }, { session });
    await rows.updateOne({ _id: 1 }, { $inc: { n: 1 } }); // waits for the transaction
    expect(await rows.findOne({ _id: 1 })).toEqual({ _id: 1, n: 1 });
    await expect(session.commitTransaction()).rejects.toMatchObject({ code: 251 });
    await session.endSession();
    expect((await db.admin().serverStatus())['transactions']).toMatchObject({ currentOpen: 0 });
  });

  test('an idle cursor is closed, one that is read is not', async () => {
    const rows = db.collection('cursors');
    await rows.insertMany(Array.from({ length: 200 }, (_, n) => ({ n })));
    const idle = rows.find({}, { batchSize: 2 });
    await idle.next();
    const open = async (): Promise<number> =>
      (await db.admin().serverStatus())['metrics'].cursor.open.total as number;
    expect(await open()).toBe(1);
    const read = rows.find({}, { batchSize: 2 });
    let seen = 0;
    await until(async () => {
      seen += (await read.next()) ? 1 : 0;
      return (await open()) < 2;
    });
    await idle.next();
    await expect(idle.next()).rejects.toMatchObject({ code: 43 });
    expect(await read.toArray()).toHaveLength(200 - seen);
  });

  test('what a session was answered is forgotten: sent again after that, the write is done again', async () => {
    const session = withId(client.startSession());
    const increment = {
      update: 'forgotten',
      updates: [{ q: { _id: 1 }, u: { $inc: { n: 1 } }, upsert: true }],
      txnNumber: Long.fromNumber(3),
    };
    expect(await db.command(increment, { session })).toMatchObject({ upserted: [{ index: 0, _id: 1 }] });
    await until(async () => (await db.command(increment, { session }))['nModified'] === 1);
    expect((await db.collection('forgotten').findOne())?.['n']).toBe(2);
    await session.endSession();
  });
});

function withId(session: ClientSession): ClientSession {
  Object.assign(session.serverSession, { id: { id: new UUID() } });
  return session;
}
