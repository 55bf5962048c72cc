/** How the deployment runs: metrics of this process, samples of all, and what waits. docs/operators.md */
import type { Connection } from 'mongoose';
import { createDepths, type Depths, type DepthSources } from './depths';
import { type Answered, createMetrics } from './metrics';
import { type OperationsReport, reportOf } from './report';
import { createSampler, STEP_MS } from './samples';
import { createExposition } from './workers';

export type { Depths, DepthSources } from './depths';
export type { Answered } from './metrics';
export type { Figures, FigurePoint, OperationsReport } from './report';
export { gatherMetrics } from './workers';

export interface Operations {
  /** Prometheus' text of all workers of this server, and its content type. */
  exposition(): Promise<{ type: string; text: string }>;
  observe(answered: Answered): void;
  /** What waits at this moment. */
  depths(): Promise<Depths>;
  /** What all processes did: the last quarter of an hour in steps of 10 seconds, or six hours in ones of four minutes. */
  report(range: 'now' | 'hours'): Promise<OperationsReport>;
  /** Begins to write down what this process does. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const MINUTE_MS = 60_000;
const RANGES = {
  now: { backMs: 15 * MINUTE_MS, perStep: 1 },
  hours: { backMs: 360 * MINUTE_MS, perStep: (4 * MINUTE_MS) / STEP_MS },
} as const;

/** Metrics of this process, and samples of all in the database. */
export function createOperations(connection: Connection, sources: DepthSources): Operations {
  const depths = createDepths(sources);
  const metrics = createMetrics(depths);
  const exposition = createExposition(metrics.registry);
  const sampler = createSampler(connection, metrics, depths);
  return {
    exposition: async () => ({ type: metrics.registry.contentType, text: await exposition.text() }),
    observe: metrics.observe,
    depths,
    async report(range) {
      const { backMs, perStep } = RANGES[range];
      const to = new Date(Math.floor(Date.now() / STEP_MS) * STEP_MS);
      const from = new Date(to.getTime() - backMs);
      return reportOf(await sampler.since(from), from, to, perStep);
    },
    start: sampler.start,
    async stop() {
      exposition.stop();
      await sampler.stop();
    },
  };
}
