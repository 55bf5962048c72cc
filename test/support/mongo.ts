import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { startEmbeddedMongo } from '../../src/embedded-mongo';

/** A database of a test's own. */
export interface TestDatabase {
  /** Names the database as well: `mongodb://.../<name>?...`. */
  uri: string;
  /** Ends the server, or drops the database, and leaves nothing behind. */
  close(): Promise<void>;
}

/**
 * A fresh, empty database: an embedded server of its own in a temporary folder or, where MONGODB_URI names a real
 * server (a replica set), a database with a random name there.
 */
export async function testDatabase(): Promise<TestDatabase> {
  const external = process.env['MONGODB_URI'];
  return external ? onServer(external) : embedded();
}

async function embedded(): Promise<TestDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), 'crosswalk-test-'));
  const server = await startEmbeddedMongo({ dataDir });
  return {
    uri: server.uri,
    close: async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function onServer(external: string): Promise<TestDatabase> {
  const name = `crosswalk_test_${randomBytes(6).toString('hex')}`;
  const uri = external.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/[^?]*)?/, `$1/${name}`);
  return {
    uri,
    close: async () => {
      const client = await MongoClient.connect(uri);
      await client.db(name).dropDatabase();
      await client.close();
    },
  };
}

/**
 * For suites about the embedded server itself: its process, its files, its limits. Where MONGODB_URI names another
 * server they are left out, and say so.
 */
export const describeEmbedded: (name: string, tests: () => void) => void = (name, tests) => {
  if (process.env['MONGODB_URI'] === undefined) return describe(name, tests);
  describe(name, () => {
    test.skip('left out: it is about the embedded database, and MONGODB_URI names another', () => undefined);
  });
};
