/** Most that one run takes. */
const TOGETHER = 500;

/**
 * Calls made in one turn of the loop, or while a run is under way, are run together: the relay brings changes of many
 * resources at once, and each alone would cost a transaction. When a run fails, each call is run by itself, so that
 * one that cannot succeed holds up nobody else.
 */
export function gathered<T>(run: (items: readonly T[]) => Promise<void>): (items: readonly T[]) => Promise<void> {
  let waiting: { items: readonly T[]; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let isRunning = false;
  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const calls = waiting.slice(0, TOGETHER);
      waiting = waiting.slice(TOGETHER);
      try {
        await run(calls.flatMap(({ items }) => items));
        for (const { resolve } of calls) resolve();
      } catch (error) {
        if (calls.length === 1) calls[0]?.reject(error);
        else for (const { items, resolve, reject } of calls) await run(items).then(resolve, reject);
      }
    }
    isRunning = false;
  };
  return (items) =>
    new Promise((resolve, reject) => {
      waiting.push({ items, resolve, reject });
      if (isRunning) return;
      isRunning = true;
      setImmediate(() => void drain());
    });
}
