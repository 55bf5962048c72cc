import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Depths } from './depths';

/** An answered request. Names of faces and interactions, never of records. */
export interface Answered {
  face: string;
  interaction: string;
  status: number;
  milliseconds: number;
}

/** Upper bounds of the buckets, in seconds; what took longer lies in one more. */
export const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

/** What this process answered, since it began. */
export interface Tally {
  requests: number;
  /** Answered with 5xx. */
  errors: number;
  /** Requests by bucket, not cumulated: one more than there are bounds. */
  buckets: number[];
}

/** What is measured, in Prometheus' form. */
export interface Metrics {
  registry: Registry;
  observe(answered: Answered): void;
  /** The same figures by face. */
  tallies(): Promise<Map<string, Tally>>;
}

/** @param depths asked for when somebody reads the metrics. */
export function createMetrics(depths: () => Promise<Depths>): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'crosswalk_http_request_seconds',
    help: 'Time from the arrival of a request to its answer.',
    labelNames: ['face', 'interaction', 'status'],
    buckets: [...BOUNDS],
    registers: [registry],
  });
  new Gauge({
    name: 'crosswalk_waiting',
    help: 'What waits in the database: committed documents with events, deliveries, deliveries laid aside, audit entries.',
    labelNames: ['queue'],
    // Every worker counts the same database.
    aggregator: 'max',
    registers: [registry],
    async collect() {
      // A database that does not answer takes nothing from the other figures.
      const found = await depths().catch(() => undefined);
      for (const [queue, depth] of Object.entries(found ?? {})) this.set({ queue }, depth);
    },
  });
  return {
    registry,
    observe: ({ face, interaction, status, milliseconds }) =>
      requests.observe({ face, interaction, status: String(status) }, milliseconds / 1000),
    async tallies() {
      const tallies = new Map<string, Tally>();
      const { values } = await requests.get();
      for (const { labels, value, metricName } of values) {
        const face = String(labels.face);
        const tally = tallies.get(face) ?? { requests: 0, errors: 0, buckets: BOUNDS.map(() => 0).concat(0) };
        tallies.set(face, tally);
        if (metricName?.endsWith('_bucket') === true)
          addBucket(tally, String((labels as { le?: string | number }).le), value);
        if (metricName?.endsWith('_count') !== true) continue;
        tally.requests += value;
        if (String(labels.status).startsWith('5')) tally.errors += value;
      }
      for (const tally of tallies.values()) separate(tally.buckets);
      return tallies;
    },
  };
}

function addBucket({ buckets }: Tally, bound: string, value: number): void {
  const at = bound === '+Inf' ? BOUNDS.length : BOUNDS.findIndex((each) => each === Number(bound));
  buckets[at] = (buckets[at] ?? 0) + value;
}

/** Prometheus counts in each bucket all the smaller ones too. */
function separate(buckets: number[]): void {
  for (let at = buckets.length - 1; at > 0; at--) buckets[at] = (buckets[at] ?? 0) - (buckets[at - 1] ?? 0);
}
