import type { Engine } from './engine';
import { removeIndexes } from './catalog/index-build';
import type { Limits } from './limits';
import { expireSessions } from './sessions/retryable';
import { ttlRange } from './planner/ttl';
import { numberKey, readIndexEntry, withNumber } from './storage/keys';
import { SnapshotView, afterPrefix } from './storage/view';

/** Keys removed in one operation of the queue. */
const STEP = 500;
const FREES = { frees: true } as const;

/** The housekeeping: empties what was dropped, expires transactions, cursors, sessions, and documents under a TTL index. */
export class Sweeper {
  private timer: NodeJS.Timeout | undefined;
  private emptying: Promise<void> | undefined;
  private stopped = false;
  private lastTtl = Date.now();
  private lastSessions = Date.now();

  constructor(
    private readonly engine: () => Engine,
    private readonly limits: Limits,
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.sweep().catch(report), this.limits.sweep);
    this.timer.unref();
    void this.wake();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.emptying;
  }

  /** Something was dropped: empty it in the background. */
  wake(): Promise<void> {
    this.emptying ??= this.emptyDropped()
      .catch(report)
      .finally(() => (this.emptying = undefined));
    return this.emptying;
  }

  private async sweep(): Promise<void> {
    const now = Date.now();
    const { transactions, cursors, queue } = this.engine();
    transactions.expire(now, this.limits.transaction);
    cursors.expire(now, this.limits.cursor);
    queue.tidy();
    if (now - this.lastSessions > this.limits.sessions) {
      this.lastSessions = now;
      await queue.submit((writer) => expireSessions(writer, new Date(now - this.limits.session)));
    }
    if (now - this.lastTtl > this.limits.ttl) {
      this.lastTtl = now;
      await this.expireDocuments(now);
    }
  }

  private async emptyDropped(): Promise<void> {
    const { catalog, queue, env } = this.engine();
    for (const { table, number, key } of catalog.dropped(new SnapshotView(env))) {
      const prefix = numberKey(number);
      for (let removed = STEP; removed > 0 && !this.stopped;) {
        removed = await queue.submit((writer) => {
          const { entries: rows } = writer.range(table, {
            low: prefix,
            high: afterPrefix(prefix),
            limit: STEP,
          });
          for (const row of rows) writer.remove(table, row.key);
          if (rows.length === 0) writer.remove('catalog', key);
          return rows.length;
        }, FREES);
      }
    }
  }

  /** Manual: "TTL Indexes". A date in the first field older than the index's seconds removes the document. */
  async expireDocuments(now: number): Promise<void> {
    const { catalog } = this.engine();
    for (const collection of catalog.all()) {
      for (const index of collection.indexes) {
        if (index.expireAfterSeconds === undefined || !index.ready || this.stopped) continue;
        await this.expireIn(
          collection.namespace,
          index.number,
          new Date(now - index.expireAfterSeconds * 1000),
        );
      }
    }
  }

  private async expireIn(namespace: string, number: number, before: Date): Promise<void> {
    const { catalog, queue, documents } = this.engine();
    for (let removed = 1; removed > 0 && !this.stopped;) {
      removed = await queue.submit((writer) => {
        const collection = catalog.get(namespace);
        const index = collection?.indexes.find((one) => one.number === number);
        if (!collection || !index) return 0;
        const { low, high } = ttlRange(index, before);
        const { entries: rows } = writer.range('indexes', { low, high, limit: STEP });
        for (const row of rows) {
          const key = withNumber(collection.number, readIndexEntry(index.unique, row.key, row.value).id);
          const bytes = writer.get('documents', key);
          if (bytes) documents.remove(writer, collection, { key, bytes });
        }
        return rows.length;
      }, FREES);
    }
  }
}

function report(error: unknown): void {
  process.stderr.write(
    `embedded-mongo: housekeeping failed: ${error instanceof Error ? error.message : 'unknown'}\n`,
  );
}

/** At start: indexes that were being built when the process ended were never acknowledged, so they go. */
export async function dropUnfinishedIndexes(engine: Engine): Promise<void> {
  const unfinished = engine.catalog.all().filter(({ indexes }) => indexes.some(({ ready }) => !ready));
  for (const collection of unfinished) {
    const names = collection.indexes.filter(({ ready }) => !ready).map(({ name }) => name);
    await engine.queue.submit((writer) => removeIndexes(engine, writer, collection, names));
  }
}
