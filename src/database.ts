import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { StartError, type Config } from './config';
import { findEmbeddedMongo, startEmbeddedMongo } from './embedded-mongo';
import { connectStore, StoreUnreachable, type StoreConnection } from './store';

/** The open database, and what closing it takes. */
export interface Database {
  connection: StoreConnection;
  uri: string;
  /** Closes the connection, and the embedded server when this process started it. */
  close(): Promise<void>;
}

/**
 * Connects to the production database, or to the embedded one in DATA_DIR: the one that runs there already (a server
 * and an operator's command share it), else one started here.
 */
export async function openDatabase(config: Config): Promise<Database> {
  if (config.mongodbUri !== undefined) return connect(config.mongodbUri, () => Promise.resolve());
  ensureWritable(config.dataDir);
  const running = await findEmbeddedMongo(config.dataDir);
  if (running !== undefined) return connect(running, () => Promise.resolve());
  const server = await startEmbeddedMongo({ dataDir: config.dataDir, revive: true }).catch(
    (error: unknown) => {
      throw new StartError(`The embedded database did not start: ${(error as Error).message}`);
    },
  );
  return connect(server.uri, () => server.stop());
}

async function connect(uri: string, after: () => Promise<void>): Promise<Database> {
  try {
    const connection = await connectStore({ uri });
    return {
      connection,
      uri,
      close: async () => {
        await connection.close();
        await after();
      },
    };
  } catch (error) {
    await after();
    if (error instanceof StoreUnreachable) throw new StartError(error.message);
    throw error;
  }
}

/** One folder after another: Node's own recursive mkdir never ends where a file system refuses with ENOENT (/proc). */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

function ensureWritable(dataDir: string): void {
  try {
    makeFolder(dataDir);
    accessSync(dataDir, constants.W_OK | constants.X_OK);
  } catch {
    throw new StartError(`DATA_DIR ${dataDir} cannot be written; choose another folder or its permissions.`);
  }
}
