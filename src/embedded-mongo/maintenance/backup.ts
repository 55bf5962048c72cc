import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createGunzip, createGzip } from 'node:zlib';
import { MongoClient } from 'mongodb';
import { Catalog } from '../catalog/catalog';
import { findEmbeddedMongo } from '../socket';
import { DATA_FILE, openEnvironment } from '../storage/environment';
import { recoverLogs } from '../storage/log';
import { claimFrom, disown, releaseClaim } from '../storage/owner';

/** What a backup or a restored database holds. */
export interface BackupSummary {
  collections: number;
  /** Size of the backup file, in bytes. */
  bytes: number;
}

/**
 * Takes a consistent copy of the database in `dataDir`, whether a server runs on it or not: one snapshot, compacted
 * and compressed into the single file `outFile`, which is complete when it appears.
 * @throws Error with one clear line when there is no database, or the file exists
 */
export async function backup(dataDir: string, outFile: string): Promise<BackupSummary> {
  if (!existsSync(join(dataDir, DATA_FILE))) throw new Error(`There is no database in ${resolve(dataDir)}`);
  if (existsSync(outFile)) throw new Error(`${resolve(outFile)} exists already`);
  const folder = dirname(resolve(outFile));
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, '.backup-'));
  try {
    await bringOver(dataDir);
    const env = openEnvironment(dataDir, { readOnly: true });
    const collections = new Catalog(env).all().length;
    await env.root.backup(work, true);
    await env.root.close();
    const packed = join(work, 'packed');
    const gzip = createGzip({ level: constants.Z_BEST_SPEED });
    await pipeline(createReadStream(join(work, DATA_FILE)), gzip, createWriteStream(packed, { mode: 0o600 }));
    await sync(packed);
    await rename(packed, outFile);
    return { collections, bytes: (await stat(outFile)).size };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** What is only in the log goes into the file that is copied: the server does it, or, where none runs, this process. */
async function bringOver(dataDir: string): Promise<void> {
  const uri = await findEmbeddedMongo(dataDir);
  if (uri !== undefined) {
    const client = await MongoClient.connect(uri);
    await client
      .db('admin')
      .command({ fsync: 1 })
      .finally(() => client.close());
    return;
  }
  const env = openEnvironment(dataDir);
  if (await claimFrom(env, () => Promise.resolve(false))) {
    recoverLogs(env);
    releaseClaim(env);
  }
  await env.root.close();
}

/**
 * Puts a backup back into `dataDir`, which must not hold a database. A damaged or foreign file is refused whole.
 * @throws Error with one clear line
 */
export async function restore(file: string, dataDir: string): Promise<BackupSummary> {
  if (!existsSync(file)) throw new Error(`${resolve(file)} does not exist`);
  if (existsSync(join(dataDir, DATA_FILE)))
    throw new Error(`${resolve(dataDir)} holds a database already: restore into an empty folder`);
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const work = await mkdtemp(join(dataDir, '.restore-'));
  try {
    const unpacked = join(work, DATA_FILE);
    await pipeline(
      createReadStream(file),
      createGunzip(),
      createWriteStream(unpacked, { mode: 0o600 }),
    ).catch(() => {
      throw new Error(`${resolve(file)} is damaged or no backup of this database`);
    });
    const collections = await check(work, file);
    await sync(unpacked);
    await rename(unpacked, join(dataDir, DATA_FILE));
    await sync(dataDir);
    return { collections, bytes: (await stat(file)).size };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * Opens what was unpacked, so that a file that is no database is found out before it is in place. A copy belongs to
 * nobody yet, though the server it was taken from may still run on this host.
 */
async function check(folder: string, file: string): Promise<number> {
  try {
    const env = openEnvironment(folder);
    const collections = new Catalog(env).all().length;
    disown(env);
    await env.root.close();
    return collections;
  } catch {
    throw new Error(`${resolve(file)} is damaged or no backup of this database`);
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
