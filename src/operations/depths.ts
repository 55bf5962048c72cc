/** What waits in the database, over all processes. */
export interface Depths {
  /** Committed documents whose events nobody took over yet. */
  outbox: number;
  /** Deliveries on their way, and those laid aside after 96 hours. */
  deliveries: number;
  dead: number;
  /** Audit entries that are durable and not yet in the log. */
  audit: number;
}

export interface DepthSources {
  outbox(): Promise<number>;
  deliveries(): Promise<{ waiting: number; dead: number }>;
  audit(): Promise<number>;
}

/** How long a count is good for, in milliseconds: metrics, samples and pages ask at the same time. */
const GOOD_MS = 2_000;

/** Counts what waits; those who ask at the same time share one count. */
export function createDepths(sources: DepthSources): () => Promise<Depths> {
  let last: { at: number; depths: Promise<Depths> } | undefined;
  return () => {
    if (last === undefined || Date.now() - last.at > GOOD_MS) {
      last = { at: Date.now(), depths: count(sources) };
      last.depths.catch(() => (last = undefined));
    }
    return last.depths;
  };
}

async function count({ outbox, deliveries, audit }: DepthSources): Promise<Depths> {
  const [events, { waiting, dead }, entries] = await Promise.all([outbox(), deliveries(), audit()]);
  return { outbox: events, deliveries: waiting, dead, audit: entries };
}
