import type { Document, Sort } from '../value';
import type { PipelineContext } from './stage';
import { BATCH, Memory, Pacer } from './stage';

interface Keyed {
  readonly document: Document;
  readonly key: readonly unknown[];
}

/** How many documents are sorted in one go: a few milliseconds at most. */
const RUN = 512;
/** Up to this limit only the first documents are held; above it, all are, so that no single sort gets long. */
const MOST_HELD = 512;

/**
 * Sorts documents stably, in slices between which the event loop turns. With a small limit only so many are held.
 * Feed it with `add`, then read `sorted` once.
 */
export class Sorter {
  private held: Keyed[] = [];
  private runs: Keyed[][] = [];
  private readonly memory: Memory;
  private readonly sort: Sort;
  private readonly limit: number;

  constructor(sort: Sort, context: PipelineContext, limit = Infinity) {
    this.sort = sort;
    this.limit = limit;
    this.memory = new Memory('Sort', context);
  }

  /** @throws CommandError 292 when more is held than the context allows */
  add(document: Document): void {
    this.memory.add(document);
    this.held.push({ document, key: this.sort.keyOf(document) });
    if (this.limit <= MOST_HELD) {
      if (this.held.length >= this.limit + RUN) this.keepFirst();
    } else if (this.held.length >= RUN) this.closeRun();
  }

  private compare = (a: Keyed, b: Keyed): number => this.sort.compareKeys(a.key, b.key);

  private keepFirst(): void {
    this.held.sort(this.compare);
    for (const { document } of this.held.splice(this.limit)) this.memory.remove(document);
  }

  private closeRun(): void {
    if (this.held.length > 0) this.runs.push(this.held.sort(this.compare));
    this.held = [];
  }

  /** The documents in order, in batches, no more than the limit. */
  async *sorted(): AsyncGenerator<Document[]> {
    const pacer = new Pacer();
    if (this.limit <= MOST_HELD) this.keepFirst();
    this.closeRun();
    while (this.runs.length > 1) {
      const merged: Keyed[][] = [];
      for (let i = 0; i < this.runs.length; i += 2)
        merged.push(await this.merge(this.runs[i] as Keyed[], this.runs[i + 1] ?? [], pacer));
      this.runs = merged;
    }
    const all = this.runs[0] ?? [];
    const end = Math.min(all.length, this.limit);
    for (let i = 0; i < end; i += BATCH)
      yield all.slice(i, Math.min(i + BATCH, end)).map(({ document }) => document);
  }

  /** Runs are merged with their neighbours, so that equal documents keep their order. */
  private async merge(a: Keyed[], b: Keyed[], pacer: Pacer): Promise<Keyed[]> {
    if (b.length === 0) return a;
    const out: Keyed[] = [];
    let i = 0;
    let j = 0;
    while (i < a.length || j < b.length) {
      const left = a[i];
      const right = b[j];
      if (left && (!right || this.compare(left, right) <= 0)) {
        out.push(left);
        i += 1;
      } else if (right) {
        out.push(right);
        j += 1;
      }
      const pause = pacer.pause();
      if (pause) await pause;
    }
    return out;
  }
}
