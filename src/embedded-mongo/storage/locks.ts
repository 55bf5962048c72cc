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
 * First-writer-wins bookkeeping: which open transaction has written a document or unique key, and which of
 * them were changed by commits since the oldest open snapshot.
 */
export class LockTable {
  private readonly owners = new Map<string, LockHolder>();
  private readonly changes = new Map<string, number>();
  private readonly open = new Set<LockHolder>();
  /** Counts commits, so that a snapshot knows what is newer than itself. */
  private sequence = 0;

  begin(holder: LockHolder): number {
    this.open.add(holder);
    return this.sequence;
  }

  end(holder: LockHolder, names: Iterable<string>): void {
    for (const name of names) if (this.owners.get(name) === holder) this.owners.delete(name);
    this.open.delete(holder);
    if (this.open.size === 0) this.changes.clear();
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

  /** Called once per commit with all that it changed; remembered only while a snapshot could conflict. */
  committed(names: Iterable<string>): void {
    this.sequence++;
    if (this.open.size === 0) return;
    for (const name of names) this.changes.set(name, this.sequence);
  }
}
