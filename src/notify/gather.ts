import { mongo } from 'mongoose';
import { ProblemError } from '../fhir';

/** Most items that one run takes. */
const TOGETHER = 500;

interface Call<I, O> {
  item: I;
  resolve(result: O): void;
  reject(error: unknown): void;
}

/**
 * Calls made in one turn of the loop, or while a run is under way, are run together: deliveries and changes come
 * many at a time, and each alone would cost its own round trips. `run` answers item by item, in order. When a run
 * fails, each call of it is run by itself, so that one that cannot succeed holds up nobody else.
 */
export function gathered<I, O>(run: (items: readonly I[]) => Promise<readonly O[]>): (item: I) => Promise<O> {
  let waiting: Call<I, O>[] = [];
  let isRunning = false;
  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const calls = waiting.slice(0, TOGETHER);
      waiting = waiting.slice(TOGETHER);
      await runTogether(run, calls);
    }
    isRunning = false;
  };
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (isRunning) return;
      isRunning = true;
      setImmediate(() => void drain());
    });
}

async function runTogether<I, O>(
  run: (items: readonly I[]) => Promise<readonly O[]>,
  calls: readonly Call<I, O>[],
): Promise<void> {
  try {
    const results = await run(calls.map(({ item }) => item));
    calls.forEach(({ resolve }, i) => resolve(results[i] as O));
  } catch (error) {
    if (calls.length === 1 || isOutage(error)) for (const { reject } of calls) reject(error);
    else for (const call of calls) await runTogether(run, [call]);
  }
}

/** The database is away, for one item as for all. */
function isOutage(error: unknown): boolean {
  if (error instanceof ProblemError) return error.code === 'unavailable';
  return error instanceof mongo.MongoNetworkError || error instanceof mongo.MongoServerSelectionError;
}
