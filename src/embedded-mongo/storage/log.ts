import { closeSync, fsyncSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { TABLES } from './environment';
import type { Environment, TableName } from './environment';
import { decodeRecords } from './log-records';
import type { LoggedChange } from './log-records';
import { asBuffer } from './view';

const NAME = /^log-(\d+)$/;

function logPath(folder: string, number: number): string {
  return join(folder, `log-${number}`);
}

/** The numbers of the log files that are there, oldest first. */
function logNumbers(folder: string): number[] {
  const numbers = readdirSync(folder).flatMap((name) => NAME.exec(name)?.[1] ?? []);
  return numbers.map(Number).sort((a, b) => a - b);
}

/** Where LMDB's file says which log file it holds. */
const APPLIED_KEY = Buffer.from('l');

function lastApplied(env: Environment): number {
  const stored = env.tables.catalog.getBinary(APPLIED_KEY);
  return stored ? asBuffer(stored).readUInt32BE(0) : 0;
}

/** The write-ahead log: what was acknowledged lies here, synced, until it is in LMDB's file. */
export class WriteAheadLog {
  private file: FileHandle | undefined;
  private number: number;
  private position = 0;

  constructor(private readonly env: Environment) {
    this.number = lastApplied(env) + 1;
  }

  /** Appends one record and syncs it. Rejects when it is not on disk; nothing of it stays in the file then. */
  async append(record: Buffer): Promise<void> {
    const file = (this.file ??= await this.begin());
    try {
      for (let written = 0; written < record.length;) {
        const rest = record.length - written;
        const { bytesWritten } = await file.write(record, written, rest, this.position + written);
        written += bytesWritten;
      }
      await file.datasync();
    } catch (error) {
      await file.truncate(this.position);
      throw error;
    }
    this.position += record.length;
  }

  /** The next record goes to a new file. @returns the number of the one that ends here, if there is one */
  async rotate(): Promise<number | undefined> {
    if (!this.file) return undefined;
    await this.file.close();
    this.file = undefined;
    this.position = 0;
    return this.number++;
  }

  /** What the file held is in LMDB's. */
  remove(number: number): void {
    rmSync(logPath(this.env.path, number), { force: true });
  }

  private async begin(): Promise<FileHandle> {
    const file = await open(logPath(this.env.path, this.number), 'w', 0o600);
    syncFolder(this.env.path);
    return file;
  }
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Brings a log file into LMDB's file, in one transaction that is synced. */
export function applyLog(env: Environment, number: number): void {
  const last = new Map<TableName, Map<string, LoggedChange>>(TABLES.map((table) => [table, new Map()]));
  for (const change of decodeRecords(readFileSync(logPath(env.path, number))))
    last.get(change.table)?.set(change.key.toString('latin1'), change);
  env.root.transactionSync(() => {
    for (const [table, changes] of last) {
      // In the order of the keys, neighbours are changed in one visit of their page.
      for (const name of [...changes.keys()].sort()) {
        const change = changes.get(name);
        if (change?.value) env.tables[table].putSync(change.key, change.value);
        else if (change) env.tables[table].removeSync(change.key);
      }
    }
    const applied = Buffer.alloc(4);
    applied.writeUInt32BE(number, 0);
    env.tables.catalog.putSync(APPLIED_KEY, applied);
  });
}

/** At start: brings what a killed server had acknowledged into LMDB's file. */
export function recoverLogs(env: Environment): void {
  for (const number of logNumbers(env.path)) {
    // One that was applied may be there again after a power cut: its removal is not synced.
    if (number > lastApplied(env)) applyLog(env, number);
    rmSync(logPath(env.path, number));
  }
}
