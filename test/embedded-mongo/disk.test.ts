import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import type { Collection } from 'mongodb';
import { backup, restore, startEmbeddedMongo } from '../../src/embedded-mongo';
import { describeEmbedded } from '../support/mongo';

interface Row {
  _id: number;
  tag: string;
  fill?: string;
}

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crosswalk-disk-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a server, uses it, and ends it: in order, or by a kill. */
async function withRows<T>(
  dataDir: string,
  end: 'stop' | 'kill',
  use: (rows: Collection<Row>, client: MongoClient) => Promise<T>,
): Promise<T> {
  const server = await startEmbeddedMongo({ dataDir });
  const client = await MongoClient.connect(server.uri);
  try {
    const rows = client.db().collection<Row>('rows');
    await rows.createIndex({ tag: 1 });
    return await use(rows, client);
  } finally {
    if (end === 'kill') process.kill(server.pid, 'SIGKILL');
    await client.close();
    if (end === 'stop') await server.stop();
  }
}

async function insertAndKill(count: number): Promise<void> {
  await withRows(folder, 'kill', async (rows) => {
    for (let _id = 0; _id < count; _id++) await rows.insertOne({ _id, tag: 'x' });
  });
}

function lastLog(): string {
  const [name] = readdirSync(folder)
    .filter((one) => one.startsWith('log-'))
    .sort()
    .reverse();
  return join(folder, name ?? 'no log');
}

function ids(rows: Collection<Row>, hint: object): Promise<number[]> {
  return rows
    .find({ tag: 'x' }, { hint })
    .sort({ _id: 1 })
    .map(({ _id }) => _id)
    .toArray();
}

describeEmbedded('what is acknowledged', () => {
  test('is in the log after a kill, and a record that was cut short or followed by garbage takes nothing else with it', async () => {
    await insertAndKill(30);
    appendFileSync(lastLog(), Buffer.alloc(5000, 0x5a));
    await withRows(folder, 'kill', async (rows) => {
      expect(await ids(rows, { tag: 1 })).toEqual(Array.from({ length: 30 }, (_, i) => i));
      await rows.insertOne({ _id: 30, tag: 'x' });
      await rows.insertOne({ _id: 31, tag: 'x' });
    });
    truncateSync(lastLog(), readFileSync(lastLog()).length - 3);
    await withRows(folder, 'stop', async (rows) => {
      const expected = Array.from({ length: 31 }, (_, i) => i);
      expect(await ids(rows, { tag: 1 })).toEqual(expected);
      expect(await ids(rows, { $natural: 1 })).toEqual(expected);
    });
    expect(readdirSync(folder).filter((name) => name.startsWith('log-'))).toEqual([]);
  });

  test('is in a backup of a database that was killed, and of one that runs', async () => {
    await insertAndKill(20);
    await backup(folder, join(folder, 'killed.gz'));
    await withRows(folder, 'stop', async (rows) => {
      await rows.insertOne({ _id: 20, tag: 'x' });
      await backup(folder, join(folder, 'running.gz'));
    });
    for (const [name, count] of [
      ['killed', 20],
      ['running', 21],
    ] as const) {
      await restore(join(folder, `${name}.gz`), join(folder, name));
      await withRows(join(folder, name), 'stop', async (rows) =>
        expect(await ids(rows, { tag: 1 })).toHaveLength(count),
      );
    }
  });

  test('stays through checkpoints, snapshots as they were', async () => {
    await withRows(folder, 'stop', async (rows, client) => {
      await rows.insertMany(Array.from({ length: 50 }, (_, _id) => ({ _id, tag: 'x' })));
      const session = client.startSession();
      session.startTransaction();
      expect(await rows.countDocuments({ tag: 'x' }, { session })).toBe(50);
      for (let round = 0; round < 4; round++) {
        await rows.deleteMany({ _id: { $gte: round * 10, $lt: round * 10 + 10 } });
        await rows.updateOne({ _id: 49 }, { $set: { tag: `y${round}` } });
        await client.db('admin').command({ fsync: 1 });
        expect(await rows.countDocuments({ tag: 'x' })).toBe(40 - round * 10 - 1);
        expect(await rows.find({ tag: 'x' }, { session }).toArray()).toHaveLength(50);
        expect(await rows.findOne({ _id: 49 }, { session })).toEqual({ _id: 49, tag: 'x' });
      }
      await session.abortTransaction();
      await session.endSession();
    });
    await withRows(folder, 'stop', async (rows) => {
      expect(await rows.countDocuments({})).toBe(10);
      expect(await rows.countDocuments({ tag: 'y3' })).toBe(1);
    });
  });
});

/** A file system of 80 MB, or why there is none. */
function smallDisk(path: string): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=80m', 'crosswalk-test', path], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return (error as Error).message.split('\n')[0];
  }
}

describeEmbedded('a full disk', () => {
  test('refuses writes, loses nothing acknowledged, still reads and removes, also after a kill', async () => {
    const problem = smallDisk(folder);
    if (problem !== undefined) {
      process.stderr.write(`The full disk is not tested: no small file system can be mounted (${problem})\n`);
      return;
    }
    try {
      const acknowledged = await withRows(folder, 'kill', fillUp);
      expect(acknowledged.length).toBeGreaterThan(50);
      await withRows(folder, 'stop', async (rows) => {
        expect(await ids(rows, { tag: 1 })).toEqual(acknowledged);
        expect(await ids(rows, { $natural: 1 })).toEqual(acknowledged);
        expect(await rows.deleteMany({ _id: { $lt: 50 } })).toMatchObject({ deletedCount: 50 });
        expect(await ids(rows, { tag: 1 })).toEqual(acknowledged.slice(50));
      });
    } finally {
      execFileSync('umount', ['-l', folder]);
    }
  });
});

/** Inserts until the disk is full. @returns what was acknowledged */
async function fillUp(rows: Collection<Row>): Promise<number[]> {
  const acknowledged: number[] = [];
  const fill = 'f'.repeat(200_000);
  let refused: unknown;
  const writer = async (from: number): Promise<void> => {
    for (let _id = from; refused === undefined && _id < 4000; _id += 4) {
      try {
        await rows.insertOne({ _id, tag: 'x', fill });
        acknowledged.push(_id);
      } catch (error) {
        refused = error;
      }
    }
  };
  await Promise.all([0, 1, 2, 3].map(writer));
  expect(refused).toMatchObject({ code: 14031 });
  return acknowledged.sort((a, b) => a - b);
}
