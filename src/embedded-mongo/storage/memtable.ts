import type { Layer, TableReader } from './changes';
import { Changes, withLayer } from './changes';
import type { TableName } from './environment';

/** What a batch wrote under a key, over what older batches did. */
export interface Version {
  readonly value: Buffer | null;
  readonly batch: number;
  readonly older: Version | undefined;
}

/** Writes that are in the log and not in LMDB's file: those of one log file. */
export class Generation {
  readonly tables: Readonly<Record<TableName, Changes<Version>>> = {
    catalog: new Changes(),
    documents: new Changes(),
    indexes: new Changes(),
    sessions: new Changes(),
  };
  bytes = 0;
  writes = 0;
}

/** What a reader sees of the memtable: the writes of all batches up to `sequence`. */
export interface MemoryState {
  readonly frozen: Generation | undefined;
  readonly active: Generation;
  readonly sequence: number;
}

/**
 * The writes that lie in the write-ahead log and not in LMDB's file yet. New ones go to the active generation; a frozen
 * one is on its way into the file. Versions of a key are kept, so that a snapshot stays what it was.
 */
export class Memtable implements MemoryState {
  active = new Generation();
  frozen: Generation | undefined;
  /** The last batch that is on disk: what readers see. */
  sequence = 0;
  /** What the next write sees: also what is on its way to the disk. */
  readonly latest: MemoryState;

  constructor() {
    const frozen = (): Generation | undefined => this.frozen;
    const active = (): Generation => this.active;
    this.latest = {
      get frozen() {
        return frozen();
      },
      get active() {
        return active();
      },
      sequence: Number.POSITIVE_INFINITY,
    };
  }

  get bytes(): number {
    return this.active.bytes + (this.frozen?.bytes ?? 0);
  }

  get writes(): number {
    return this.active.writes + (this.frozen?.writes ?? 0);
  }

  /** From now on writes go to a new generation. */
  freeze(): void {
    this.frozen = this.active;
    this.active = new Generation();
  }
}

/** The version of a key that a reader sees; undefined: the file's. */
export function versionOf(
  { frozen, active, sequence }: MemoryState,
  table: TableName,
  key: Buffer,
): Version | undefined {
  const newer = active.tables[table];
  const older = frozen?.tables[table];
  if (newer.size === 0 && (older === undefined || older.size === 0)) return undefined;
  const name = key.toString('latin1');
  return versionAt(newer, name, sequence) ?? (older && versionAt(older, name, sequence));
}

function versionAt(changes: Changes<Version>, name: string, sequence: number): Version | undefined {
  let version = changes.get(name);
  while (version && version.batch > sequence) version = version.older;
  return version;
}

/** The file's table with what the reader sees of the memtable over it. */
export function overMemory(base: TableReader, memory: MemoryState, table: TableName): TableReader {
  const { frozen, active, sequence } = memory;
  const below = frozen ? withLayer(base, layerOf(frozen, table, sequence)) : base;
  return withLayer(below, layerOf(active, table, sequence));
}

function layerOf({ tables }: Generation, table: TableName, sequence: number): Layer {
  const changes = tables[table];
  return {
    size: changes.size,
    get: (name) => versionAt(changes, name, sequence),
    between: (low, high, reverse) => changes.between(low, high, reverse),
  };
}
