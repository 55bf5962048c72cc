import { ServerError } from '../errors';

/** A batch of documents, encoded, and whether there may be more. */
export interface Batch {
  documents: Buffer[];
  exhausted: boolean;
}

/** What a cursor reads from: gives the next batch of at most `size` documents. */
export interface CursorSource {
  next(size: number): Promise<Batch>;
  close(): void;
}

interface OpenCursor {
  source: CursorSource;
  namespace: string;
  session: Buffer | undefined;
  used: number;
  busy: boolean;
}

/** The open cursors by id. */
export class Cursors {
  private readonly open = new Map<bigint, OpenCursor>();
  private lastId = BigInt(Date.now()) << 20n;

  get count(): number {
    return this.open.size;
  }

  add(source: CursorSource, namespace: string, session: Buffer | undefined): bigint {
    const id = ++this.lastId;
    this.open.set(id, { source, namespace, session, used: Date.now(), busy: false });
    return id;
  }

  /** The next batch of a cursor, which is closed by its last one. */
  async next(id: bigint, namespace: string, size: number): Promise<Batch> {
    const cursor = this.open.get(id);
    if (!cursor) throw new ServerError(43, `cursor id ${id} not found`);
    if (cursor.namespace !== namespace) {
      throw new ServerError(
        13 as never,
        `Requested getMore on namespace '${namespace}', but cursor belongs to a different namespace ${cursor.namespace}`,
      );
    }
    if (cursor.busy) throw new ServerError(12051 as never, `cursor id ${id} is already in use`);
    cursor.busy = true;
    try {
      const batch = await cursor.source.next(size);
      if (batch.exhausted) this.close(id);
      return batch;
    } catch (error) {
      this.close(id);
      throw error;
    } finally {
      cursor.busy = false;
      cursor.used = Date.now();
    }
  }

  close(id: bigint): boolean {
    const cursor = this.open.get(id);
    if (!cursor) return false;
    this.open.delete(id);
    cursor.source.close();
    return true;
  }

  endSession(session: Buffer): void {
    for (const [id, cursor] of this.open) if (cursor.session?.equals(session)) this.close(id);
  }

  /** Closes those that nobody has asked for so long. */
  expire(now: number, timeout: number): void {
    for (const [id, cursor] of this.open) if (!cursor.busy && now - cursor.used > timeout) this.close(id);
  }

  closeAll(): void {
    for (const id of [...this.open.keys()]) this.close(id);
  }
}
