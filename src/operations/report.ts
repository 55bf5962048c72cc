import type { Depths } from './depths';
import { BOUNDS, type Tally } from './metrics';
import { quantileMs } from './quantile';
import { type Sample, STEP_MS } from './samples';

/** Requests of a time, and how long they took. */
export interface Figures {
  requests: number;
  errors: number;
  /** Milliseconds; null without requests. */
  p50: number | null;
  p95: number | null;
}

export interface FigurePoint extends Figures {
  /** Beginning of the step. */
  at: Date;
  /** The deepest of the step; null when nobody counted. */
  depths: Depths | null;
}

export interface OperationsReport {
  /** Length of a step, in seconds. */
  stepSeconds: number;
  points: FigurePoint[];
  faces: (Figures & { face: string })[];
  /** Processes that wrote something in the last half minute. */
  processes: { name: string; startedAt: Date; memoryBytes: number }[];
}

const ALIVE_MS = 3 * STEP_MS;

/**
 * Puts the samples of all processes together, in steps of so many samples: the first begins at `from`, the last ends
 * at `to`.
 */
export function reportOf(
  samples: readonly Sample[],
  from: Date,
  to: Date,
  perStep: number,
): OperationsReport {
  const stepMs = perStep * STEP_MS;
  const steps = new Map<number, Sample[]>();
  for (const sample of samples) {
    const step = Math.floor((sample.at.getTime() - from.getTime()) / stepMs);
    const held = steps.get(step);
    if (held === undefined) steps.set(step, [sample]);
    else held.push(sample);
  }
  const points: FigurePoint[] = [];
  for (let at = from.getTime(), step = 0; at < to.getTime(); at += stepMs, step++) {
    const held = steps.get(step) ?? [];
    const tallies = held.flatMap(({ faces }) => Object.values(faces));
    points.push({ at: new Date(at), ...figuresOf(tallies), depths: deepest(held) });
  }
  return { stepSeconds: stepMs / 1000, points, faces: byFace(samples), processes: processesOf(samples, to) };
}

function figuresOf(tallies: readonly Tally[]): Figures {
  const buckets = Array.from({ length: BOUNDS.length + 1 }, (_none, at) =>
    tallies.reduce((sum, tally) => sum + (tally.buckets[at] ?? 0), 0),
  );
  return {
    requests: tallies.reduce((sum, { requests }) => sum + requests, 0),
    errors: tallies.reduce((sum, { errors }) => sum + errors, 0),
    p50: quantileMs(buckets, 0.5),
    p95: quantileMs(buckets, 0.95),
  };
}

function byFace(samples: readonly Sample[]): OperationsReport['faces'] {
  const names = [...new Set(samples.flatMap(({ faces }) => Object.keys(faces)))].sort();
  return names
    .map((face) => ({ face, ...figuresOf(samples.flatMap(({ faces }) => faces[face] ?? [])) }))
    .filter(({ requests }) => requests > 0);
}

function deepest(samples: readonly Sample[]): Depths | null {
  const counted = samples.flatMap(({ depths }) => depths ?? []);
  if (counted.length === 0) return null;
  const most = (queue: keyof Depths): number => Math.max(...counted.map((depths) => depths[queue]));
  return { outbox: most('outbox'), deliveries: most('deliveries'), dead: most('dead'), audit: most('audit') };
}

function processesOf(samples: readonly Sample[], to: Date): OperationsReport['processes'] {
  const alive = samples.filter(({ at }) => to.getTime() - at.getTime() <= ALIVE_MS + STEP_MS);
  const latest = new Map(alive.map((sample) => [sample.process, sample]));
  return [...latest.values()].map(({ process: name, startedAt, memoryBytes }) => ({
    name,
    startedAt,
    memoryBytes,
  }));
}
