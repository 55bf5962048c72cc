import type { Connection, mongo } from 'mongoose';
import { hostname } from 'node:os';
import type { Depths } from './depths';
import type { Metrics, Tally } from './metrics';

/** What one process did in one step. Collection `operations_samples`; each is kept for six hours. */
export interface Sample {
  /** Host, process and step. */
  _id: string;
  process: string;
  /** Beginning of the step, which was over when this was written. */
  at: Date;
  faces: Record<string, Tally>;
  /** Null when it could not be counted. */
  depths: Depths | null;
  memoryBytes: number;
  startedAt: Date;
}

export const STEP_MS = 10_000;
/** After the end of a step, each process at a time of its own: they all count what waits. */
const LATER_MS = 50 + Math.random() * 950;
const KEPT_S = 6 * 3600 + 600;

/** Writes down every ten seconds what this process did, so that any process can tell what all of them did. */
export interface Sampler {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Samples of all processes since then, oldest first. */
  since(from: Date): Promise<Sample[]>;
}

export function createSampler(
  connection: Connection,
  metrics: Metrics,
  depths: () => Promise<Depths>,
): Sampler {
  const samples = connection.collection('operations_samples') as unknown as mongo.Collection<Sample>;
  const self = `${hostname()}:${process.pid}`;
  const startedAt = new Date(Date.now() - process.uptime() * 1000);
  let before = new Map<string, Tally>();
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  const write = async (at: Date): Promise<void> => {
    const now = await metrics.tallies();
    const sample: Sample = {
      _id: `${self}:${at.getTime()}`,
      process: self,
      at,
      faces: Object.fromEntries([...now].map(([face, tally]) => [face, difference(tally, before.get(face))])),
      depths: await depths().catch(() => null),
      memoryBytes: process.memoryUsage.rss(),
      startedAt,
    };
    await samples.replaceOne({ _id: sample._id }, sample, { upsert: true });
    before = now;
  };
  /** Writes down the step that ends then, and those after it. */
  const follow = (end: number): void => {
    const due = (): void => {
      // One that cannot be written is in the next one.
      writing = writing.then(() => write(new Date(end - STEP_MS))).catch(() => undefined);
      follow(Math.max(end + STEP_MS, nextEnd()));
    };
    timer = setTimeout(due, end + LATER_MS - Date.now()).unref();
  };
  return {
    async start() {
      await samples.createIndex({ at: 1 }, { expireAfterSeconds: KEPT_S });
      follow(nextEnd());
    },
    async stop() {
      clearTimeout(timer);
      await writing;
    },
    since: (from) =>
      samples
        .find({ at: { $gte: from } })
        .sort({ at: 1 })
        .toArray(),
  };
}

/** When the present step is over. */
function nextEnd(): number {
  return (Math.floor(Date.now() / STEP_MS) + 1) * STEP_MS;
}

function difference(now: Tally, before: Tally | undefined): Tally {
  return {
    requests: now.requests - (before?.requests ?? 0),
    errors: now.errors - (before?.errors ?? 0),
    buckets: now.buckets.map((count, at) => count - (before?.buckets[at] ?? 0)),
  };
}
