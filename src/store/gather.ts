/** Work that many ask for one by one, done together. */
import { ProblemError } from '../fhir';
import { isConflict, isOutage } from './failures';

interface Limits {
  /** Most items that one run takes. */
  together?: number;
  /** Runs under way at a time. */
  atOnce?: number;
}

interface Call<I, O> {
  item: I;
  resolve(result: O): void;
  reject(error: unknown): void;
}

/**
 * Calls made in one turn of the event loop, or while as many runs as may be are under way, are run together: each alone
 * would cost its own round trips. `run` answers item by item, in order. When a run fails, each call of it is run by
 * itself, so that one that cannot succeed holds up nobody else.
 */
export function gathered<I, O>(
  run: (items: readonly I[]) => Promise<readonly O[]>,
  { together = 500, atOnce = 1 }: Limits = {},
): (item: I) => Promise<O> {
  let waiting: Call<I, O>[] = [];
  let runs = 0;
  let isBeginning = false;
  const drain = async (): Promise<void> => {
    isBeginning = false;
    while (waiting.length > 0) {
      const calls = waiting.slice(0, together);
      waiting = waiting.slice(together);
      await runTogether(run, calls);
    }
    runs -= 1;
  };
  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (isBeginning || runs === atOnce) return;
      isBeginning = true;
      runs += 1;
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
    if (calls.length === 1 || isAway(error)) for (const { reject } of calls) reject(error);
    else for (const call of calls) await runTogether(run, [call]);
  }
}

/** The database is away, for one item as for all. A conflict is another writer's: alone, most items meet none. */
function isAway(error: unknown): boolean {
  if (error instanceof ProblemError) return error.code === 'unavailable';
  return !isConflict(error) && isOutage(error);
}
