/** Heavy work a few at a time: hashing, images. */

/** Runs work when its turn has come, in the order it was asked for. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

export interface TurnsOptions {
  /** Pieces of work at once. */
  atOnce: number;
  /** Pieces that may wait besides; more are refused. Without it all wait. */
  waitingAtMost?: number;
  /** What is thrown at work that may not wait. */
  refusal?: () => Error;
}

/** Turns for one kind of work in this process. */
export function createTurns({ atOnce, waitingAtMost = Infinity, refusal }: TurnsOptions): Turns {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (waiting.length >= waitingAtMost) throw refusal?.() ?? new Error('Too much work waits.');
    if (running < atOnce) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      // Whoever waits longest takes the place over.
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
