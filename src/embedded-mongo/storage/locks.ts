/** The name of a document or unique key, for the maps of locks and recent changes. */
export function lockName(table: string, key: Buffer): string {
  return table.charAt(0) + key.toString('latin1');
}

/** Whoever holds locks: an open multi-document transaction. */
export interface LockHolder {
  /** Resolves when the holder has committed or aborted. */
  readonly ended: Promise<void>;
}

/**
 * First-writer-wins bookkeeping: which open transaction has written a document or unique key, and which of them were
 * changed by writes that an open snapshot, or one taken now, does not hold. Writes are numbered as they are done; they
 * are on disk, and seen by snapshots, only later.
 */
export class LockTable {
  private readonly owners = new Map<string, LockHolder>();
  /** The number of the last write of each key, in the order of the numbers. */
  private readonly changes = new Map<string, number>();
  private readonly open = new Set<LockHolder>();
  private lastWritten = 0;
  private lastCommitted = 0;

  /** @returns what the holder's snapshot, taken in this very moment, holds for certain */
  begin(holder: LockHolder): number {
    this.open.add(holder);
    return this.lastCommitted;
  }

  end(holder: LockHolder, names: Iterable<string>): void {
    for (const name of names) if (this.owners.get(name) === holder) this.owners.delete(name);
    this.open.delete(holder);
    this.forget();
  }

  ownerOf(name: string): LockHolder | undefined {
    return this.owners.get(name);
  }

  acquire(name: string, holder: LockHolder): void {
    this.owners.set(name, holder);
  }

  changedSince(name: string, sequence: number): boolean {
    return (this.changes.get(name) ?? 0) > sequence;
  }

  /** These keys have been changed by a write that will be committed. @returns the write's number */
  written(names: Iterable<string>): number {
    const sequence = ++this.lastWritten;
    for (const name of names) {
      this.changes.delete(name);
      this.changes.set(name, sequence);
    }
    return sequence;
  }

  /** All writes up to this number are on disk. */
  committed(sequence: number): void {
    this.lastCommitted = Math.max(this.lastCommitted, sequence);
    this.forget();
  }

  /** What every snapshot holds can conflict with nobody. */
  private forget(): void {
    if (this.open.size > 0) return;
    for (const [name, sequence] of this.changes) {
      if (sequence > this.lastCommitted) return;
      this.changes.delete(name);
    }
  }
}
