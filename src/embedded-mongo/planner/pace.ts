import type { View } from '../storage/view';
import type { PAUSE } from './scan';

/** Longest stretch of one command before others get their turn, in milliseconds. */
const SLICE_MS = 4;

/** When the present stretch of work began; shared by all, since there is one thread. */
export class Pace {
  private since = performance.now();

  constructor(
    private readonly view: View,
    /** Milliseconds since the epoch; past it the command is given up. */
    private readonly deadline: number,
    private readonly onDeadline: () => never,
  ) {}

  /** Whether the slice is used up. */
  due(): boolean {
    return performance.now() - this.since > SLICE_MS;
  }

  /** Lets others run, keeping the view's snapshot. */
  async pause(): Promise<void> {
    if (Date.now() > this.deadline) this.onDeadline();
    this.view.pin();
    await new Promise((resolve) => setImmediate(resolve));
    this.since = performance.now();
  }
}

/** Feeds every row to `take`, pausing when due, until `take` says enough (true). */
export async function drain<T extends object>(
  rows: Iterable<T | typeof PAUSE>,
  pace: Pace,
  take: (row: T) => unknown,
): Promise<void> {
  for (const row of rows) {
    if (typeof row === 'symbol') {
      if (pace.due()) await pace.pause();
    } else if (take(row) === true) return;
  }
}
