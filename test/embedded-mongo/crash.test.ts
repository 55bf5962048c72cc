import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Long, MongoClient, UUID } from 'mongodb';
import { startEmbeddedMongo } from '../../src/embedded-mongo';
import { runEmbeddedFaults } from '../faults/embedded';
import { describeEmbedded } from '../support/mongo';

describeEmbedded('a killed server', () => {
  test('kill -9 loses nothing acknowledged, tears no transaction and leaves no index that disagrees', async () => {
    const report = await runEmbeddedFaults({ kills: 3 });
    expect(report.faults).toEqual([]);
    expect(report.acknowledged).toBeGreaterThan(0);
  }, 120_000);

  test('a retryable write sent again after a crash is not done twice', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'crosswalk-retry-'));
    const lsid = { id: new UUID() };
    const increment = {
      update: 'counters',
      updates: [{ q: { _id: 1 }, u: { $inc: { n: 1 } }, upsert: true }],
      txnNumber: Long.fromNumber(7),
    };
    try {
      for (let attempt = 0; attempt < 3; attempt++) {
        const server = await startEmbeddedMongo({ dataDir });
        const client = await MongoClient.connect(server.uri);
        try {
          const session = client.startSession();
          Object.assign(session.serverSession, { id: lsid });
          expect(await client.db().command(increment, { session })).toMatchObject({
            n: 1,
            upserted: [{ index: 0, _id: 1 }],
          });
          expect(await client.db().collection('counters').findOne()).toEqual({ _id: 1, n: 1 });
        } finally {
          process.kill(server.pid, 'SIGKILL');
          await client.close();
        }
      }
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});
