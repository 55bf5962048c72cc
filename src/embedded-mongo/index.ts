import type * as Backup from './maintenance/backup';
import type { BackupSummary } from './maintenance/backup';
import type * as Migrate from './maintenance/migrate';
import type { MigratedCollection, MigrationProgress } from './maintenance/migrate';
import type { EmbeddedMongo, EmbeddedMongoOptions } from './process';
import type * as Server from './server';

export type { BackupSummary, EmbeddedMongo, EmbeddedMongoOptions, MigratedCollection, MigrationProgress };
export { startEmbeddedMongo } from './process';
export { findEmbeddedMongo } from './socket';

/* eslint-disable @typescript-eslint/no-require-imports --
   what follows loads lmdb into the calling process, so it is loaded only when it is called; import() would want file
   extensions that jest does not resolve */

/**
 * Runs the server in this process, for the command `db`: `port` (0: any free one) adds loopback TCP, and the uri is
 * then its.
 * @throws Error with one clear line, for example when another server has the data directory
 */
export async function runDatabase({ dataDir, port }: EmbeddedMongoOptions): Promise<EmbeddedMongo> {
  const { startServer } = require('./server') as typeof Server;
  const { uri, stop } = await startServer({ dataDir, port });
  return { uri, pid: process.pid, stop };
}

/**
 * Takes a consistent copy of the database in `dataDir` into one new file, also while a server runs on it.
 * @throws Error with one clear line when there is no database, or the file exists
 */
export async function backup(dataDir: string, outFile: string): Promise<BackupSummary> {
  return (require('./maintenance/backup') as typeof Backup).backup(dataDir, outFile);
}

/**
 * Puts a backup back into `dataDir`, which must not hold a database.
 * @throws Error with one clear line; a damaged file is refused whole
 */
export async function restore(file: string, dataDir: string): Promise<BackupSummary> {
  return (require('./maintenance/backup') as typeof Backup).restore(file, dataDir);
}

/**
 * Copies all collections and indexes from one database to another (each named in its URI), verified by counts and
 * hashes; run again after an interruption it goes on where it was.
 * @throws Error with one clear line when the target holds other documents
 */
export async function migrate(
  fromUri: string,
  toUri: string,
  onProgress?: (progress: MigrationProgress) => void,
): Promise<{ collections: MigratedCollection[]; documents: number }> {
  return (require('./maintenance/migrate') as typeof Migrate).migrate(fromUri, toUri, onProgress);
}
