/**
 * Turns at a key, within this process: who waits here does not collide in the database. They only save retries:
 * what is right is decided by conditional writes and transactions, between processes and within one.
 */

/** How long to wait for a turn before going on without it, in milliseconds. */
const PATIENCE_MS = 2_000;

export interface KeyTurns {
  /** Resolves when it is the caller's turn; the function it gives ends the turn. */
  take(key: string): Promise<() => void>;
}

export function createKeyTurns(): KeyTurns {
  const tails = new Map<string, Promise<void>>();
  return {
    take: async (key) => {
      const before = tails.get(key);
      let end: () => void = () => undefined;
      const mine = new Promise<void>((resolve) => (end = resolve));
      const tail = before === undefined ? mine : before.then(() => mine);
      tails.set(key, tail);
      if (before !== undefined) await atMost(before, PATIENCE_MS);
      return () => {
        end();
        if (tails.get(key) === tail) tails.delete(key);
      };
    },
  };
}

async function atMost(waited: Promise<void>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([waited, patience]);
  clearTimeout(timer);
}

/** Waits a random time that grows with each try: at most `base * 2^try`, in milliseconds, and never above a second. */
export function pause(tries: number, base = 4): Promise<void> {
  const limit = Math.min(1_000, base * 2 ** tries);
  return new Promise((resolve) => setTimeout(resolve, Math.random() * limit));
}
