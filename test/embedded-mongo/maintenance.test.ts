import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Long, MongoClient } from 'mongodb';
import { backup, migrate, restore, runDatabase, startEmbeddedMongo } from '../../src/embedded-mongo';
import { describeEmbedded } from '../support/mongo';

let folder: string;

async function withServer<T>(
  name: string,
  use: (client: MongoClient, uri: string) => Promise<T>,
): Promise<T> {
  const server = await startEmbeddedMongo({ dataDir: join(folder, name) });
  const client = await MongoClient.connect(server.uri);
  try {
    return await use(client, server.uri);
  } finally {
    await client.close();
    await server.stop();
  }
}

describeEmbedded('maintenance', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'crosswalk-maintenance-'));
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('a backup taken while the server runs holds one moment, and restores into an empty folder only', async () => {
    const file = join(folder, 'backup.gz');
    await withServer('live', async (client) => {
      const items = client.db().collection('items');
      await items.createIndex({ n: 1 }, { unique: true });
      await items.insertMany(Array.from({ length: 500 }, (_, n) => ({ n })));
      expect(await backup(join(folder, 'live'), file)).toMatchObject({ collections: 1 });
      await items.deleteMany({});
      await restore(file, join(folder, 'restored'));
      // Beside the server that it was taken from, whose claim of the file lies in the backup.
      await withServer('restored', async (restored) => {
        const copies = restored.db().collection('items');
        expect(await copies.countDocuments({})).toBe(500);
        await expect(copies.insertOne({ n: 7 })).rejects.toMatchObject({ code: 11000 });
      });
    });
    await expect(restore(file, join(folder, 'restored'))).rejects.toThrow(/holds a database already/);
  });

  test('a damaged backup is refused whole', async () => {
    const file = join(folder, 'backup.gz');
    await withServer('live', (client) => client.db().collection('items').insertOne({ n: 1 }));
    await backup(join(folder, 'live'), file);
    const bytes = readFileSync(file);
    writeFileSync(join(folder, 'cut.gz'), bytes.subarray(0, bytes.length >> 1));
    writeFileSync(join(folder, 'text.gz'), 'no backup at all');
    writeFileSync(join(folder, 'packed.gz'), gzipSync(Buffer.alloc(65_536, 'no database, though packed ')));
    for (const name of ['cut.gz', 'text.gz', 'packed.gz']) {
      await expect(restore(join(folder, name), join(folder, 'to'))).rejects.toThrow(/damaged or no backup/);
    }
    await restore(file, join(folder, 'to'));
  });

  test('migrate copies types exactly, indexes too, goes on after an interruption, and refuses a foreign target', async () => {
    await withServer('from', async (from, fromUri) => {
      const source = from.db().collection<{ _id: number; n: unknown }>('items');
      await source.insertMany(
        Array.from({ length: 1200 }, (_, _id) => ({ _id, n: _id % 2 ? Long.fromNumber(_id) : _id + 0.5 })),
      );
      await source.createIndex({ n: -1 }, { name: 'by_n', unique: true });
      await withServer('to', async (to, toUri) => {
        const target = to.db().collection<{ _id: number; n: unknown }>('items');
        await target.insertMany([
          { _id: 0, n: 0.5 },
          { _id: 1, n: 'half written' },
        ]);
        const seen: number[] = [];
        const result = await migrate(fromUri, toUri, ({ done }) => seen.push(done));
        expect(result).toMatchObject({ documents: 1200, collections: [{ name: 'items', documents: 1200 }] });
        expect(seen.at(-1)).toBe(1200);
        expect((await target.indexes()).map(({ name }) => name)).toEqual(['_id_', 'by_n']);
        expect(await target.findOne({ _id: 3 }, { promoteLongs: false })).toEqual({
          _id: 3,
          n: Long.fromNumber(3),
        });
        expect(await migrate(fromUri, toUri)).toEqual(result);
        await target.insertOne({ _id: -1, n: 'foreign' });
        await expect(migrate(fromUri, toUri)).rejects.toThrow(/does not have/);
      });
    });
  });

  test('a second server on the same folder is told so', async () => {
    await withServer('one', async () => {
      await expect(startEmbeddedMongo({ dataDir: join(folder, 'one') })).rejects.toThrow(
        /already running on/,
      );
      await expect(runDatabase({ dataDir: join(folder, 'one') })).rejects.toThrow(/already running on/);
    });
    await withServer('one', (client) => client.db().command({ ping: 1 }));
  });

  test('a folder with a long path gets its socket elsewhere, and loopback TCP works as well', async () => {
    await withServer('x'.repeat(120), async (_, uri) => expect(decodeURIComponent(uri)).toContain(tmpdir()));
    const server = await startEmbeddedMongo({ dataDir: join(folder, 'tcp'), port: 0 });
    const client = await MongoClient.connect(server.uri);
    expect(server.uri).toMatch(/^mongodb:\/\/127\.0\.0\.1:\d+\//);
    expect(await client.db().command({ hello: 1 })).toMatchObject({
      isWritablePrimary: true,
      setName: expect.any(String),
    });
    await client.close();
    await server.stop();
  });
});
