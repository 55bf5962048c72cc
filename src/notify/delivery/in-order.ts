import type { Delivery } from '../types';

/** What became of a batch: settled, to be tried again, not sent after all, or the subscription has ended. */
export type Done =
  | { kind: 'settled'; isReceived: boolean }
  | { kind: 'retry'; nextAt: Date; notBefore?: Date }
  | { kind: 'left' }
  | { kind: 'gone' };

export interface Sending {
  batches: Iterable<readonly Delivery[]>;
  /** Batches under way at once. */
  atOnce: number;
  /** One call at a time, in the order of the numbers; else only notices of one key wait for each other. */
  isSequential: boolean;
  mayGoOn(): boolean;
  /**
   * Sends one batch. It may prepare at once, but calls only when `before` has come true; it says by `sent` whether
   * the receiver has it, and resolves when that is written down.
   */
  send(
    batch: readonly Delivery[],
    before: Promise<boolean>,
    sent: (isReceived: boolean) => void,
  ): Promise<Done>;
}

/**
 * Sends batches, several under way at once. A key's next notice is sent when the one before it is settled, and what
 * comes after a failure is not sent at all: the next turn sees what is left.
 */
export async function sendInOrder({
  batches,
  atOnce,
  isSequential,
  mayGoOn,
  send,
}: Sending): Promise<{ batch: readonly Delivery[]; done: Done }[]> {
  const results: { batch: readonly Delivery[]; done: Done }[] = [];
  const running = new Set<Promise<void>>();
  const settledOf = new Map<string, Promise<boolean>>();
  let lastSent = Promise.resolve(true);
  let failure: { error: unknown } | undefined;
  let isBroken = false;
  for (const batch of batches) {
    while (running.size >= atOnce) await Promise.race(running);
    if (isBroken || !mayGoOn()) break;
    const keys = [...new Set(batch.map(({ key }) => key))];
    const before = allTrue([
      ...(isSequential ? [lastSent] : []),
      ...keys.flatMap((key) => settledOf.get(key) ?? []),
    ]);
    const { promise: sending, resolve: sent } = deferred();
    lastSent = sending;
    const settled = send(batch, before, sent).then(
      (done) => {
        results.push({ batch, done });
        if (done.kind !== 'settled') isBroken = true;
        sent(done.kind === 'settled');
        return done.kind === 'settled';
      },
      (error: unknown) => {
        failure = { error };
        isBroken = true;
        sent(false);
        return false;
      },
    );
    for (const key of keys) settledOf.set(key, settled);
    const task = settled.then(() => void running.delete(task));
    running.add(task);
  }
  await Promise.all(running);
  if (failure !== undefined) throw failure.error;
  return results;
}

async function allTrue(promises: readonly Promise<boolean>[]): Promise<boolean> {
  return (await Promise.all(promises)).every(Boolean);
}

function deferred(): { promise: Promise<boolean>; resolve(value: boolean): void } {
  let resolve: (value: boolean) => void = () => undefined;
  const promise = new Promise<boolean>((done) => (resolve = done));
  return { promise, resolve };
}
