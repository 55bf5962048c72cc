import { closeSync, existsSync, mkdirSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';
import type { Database, RootDatabase } from 'lmdb';
import { Memtable } from './memtable';

/** The four key-value tables of the one LMDB file; see docs/embedded-database.md for their keys. */
export const TABLES = ['catalog', 'documents', 'indexes', 'sessions'] as const;
export type TableName = (typeof TABLES)[number];

export type Table = Database<Buffer, Buffer>;

export interface Environment {
  readonly path: string;
  readonly root: RootDatabase<Buffer, Buffer>;
  readonly tables: Readonly<Record<TableName, Table>>;
  /** What is written and not in the file yet. */
  readonly memory: Memtable;
}

/** The file in which LMDB keeps everything. */
export const DATA_FILE = 'data.mdb';
/** Address space for the map, not disk: LMDB's file grows as it is written. */
const MAP_BYTES = 256 * 2 ** 30;

/** What an LMDB file has in its first page (`mm_magic` of liblmdb/mdb.c), and where. */
const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;

/**
 * Opens (or creates) the LMDB file in `dataDir`. Commits are flushed before they are seen: `overlappingSync` would let
 * readers see what a power cut could still take away.
 * @throws Error when the file is something else than LMDB's
 */
export function openEnvironment(dataDir: string, { readOnly = false } = {}): Environment {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  refuseForeign(join(dataDir, DATA_FILE));
  const root = open<Buffer, Buffer>({
    path: dataDir,
    noSubdir: false,
    mapSize: MAP_BYTES,
    overlappingSync: false,
    readOnly,
    maxDbs: 8,
    maxReaders: 1024,
    encoding: 'binary',
    keyEncoding: 'binary',
  } as Parameters<typeof open>[0]) as RootDatabase<Buffer, Buffer>;
  const table = (name: TableName): Table =>
    root.openDB<Buffer, Buffer>({ name, encoding: 'binary', keyEncoding: 'binary' });
  return {
    path: dataDir,
    root,
    memory: new Memtable(),
    tables: {
      catalog: table('catalog'),
      documents: table('documents'),
      indexes: table('indexes'),
      sessions: table('sessions'),
    },
  };
}

/** lmdb ends the process with a segmentation fault where a file is not its own. */
function refuseForeign(file: string): void {
  if (!existsSync(file)) return;
  const head = Buffer.alloc(MAGIC_AT + 4);
  const handle = openSync(file, 'r');
  try {
    const length = readSync(handle, head, 0, head.length, 0);
    // Empty, it is about to become a database.
    if (length > 0 && head.readUInt32LE(MAGIC_AT) !== MAGIC) throw new Error(`${file} is no database`);
  } finally {
    closeSync(handle);
  }
}
