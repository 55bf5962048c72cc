/**
 * Metrics of all processes that share the port (`WORKERS`), whichever of them is asked: the worker asks the primary,
 * the primary asks every worker and adds up.
 */
import cluster, { type Worker } from 'node:cluster';
import { AggregatorRegistry, type Registry } from 'prom-client';

/** Metrics as `Registry.getMetricsAsJSON` gives them; they travel as JSON. */
type Metrics = { type: unknown }[];

/** What workers and primary tell each other, and nobody else. */
type Message =
  | { crosswalk: 'all metrics please'; id: number }
  | { crosswalk: 'your metrics please'; id: number }
  | { crosswalk: 'my metrics'; id: number; metrics: Metrics }
  | { crosswalk: 'all metrics'; id: number; text: string | null };

/** A worker that does not tell in this time counts with what it told last. */
const PATIENCE_MS = 2_000;

/** Begins to answer in the primary. What workers told before they ended stays counted, so that no counter goes back. */
export function gatherMetrics(): void {
  const told = new Map<number, Metrics>();
  const asked = new Map<number, (worker: Worker) => void>();
  let ended: Metrics = [];
  let next = 0;
  const askAll = async (): Promise<void> => {
    const id = next++;
    const silent = new Set(workers());
    for (const worker of silent) send(worker, { crosswalk: 'your metrics please', id });
    await new Promise<void>((done) => {
      const timer = setTimeout(done, PATIENCE_MS);
      asked.set(id, (worker) => {
        silent.delete(worker);
        if (silent.size > 0) return;
        clearTimeout(timer);
        done();
      });
    });
    asked.delete(id);
  };
  cluster.on('message', (worker, message: Message) => {
    if (message.crosswalk === 'my metrics') {
      if (!worker.isDead()) told.set(worker.id, message.metrics);
      asked.get(message.id)?.(worker);
    } else if (message.crosswalk === 'all metrics please') {
      const { id } = message;
      void askAll()
        .then(() => sum([...told.values(), ended]).metrics())
        .catch(() => null)
        .then((text) => send(worker, { crosswalk: 'all metrics', id, text }));
    }
  });
  cluster.on('exit', (worker) => {
    for (const answered of asked.values()) answered(worker);
    const last = told.get(worker.id) ?? [];
    told.delete(worker.id);
    void sum([ended, last.filter(isCount)])
      .getMetricsAsJSON()
      .then((metrics) => (ended = metrics));
  });
}

function workers(): Worker[] {
  return Object.values(cluster.workers ?? {}).flatMap((worker) =>
    worker?.isConnected() === true ? [worker] : [],
  );
}

/** One that ends at this moment is told nothing. */
function send(worker: Worker, message: Message): void {
  if (worker.isConnected()) worker.send(message, () => undefined);
}

/** Gauges are of a process while it lives. */
function isCount({ type }: Metrics[number]): boolean {
  return type === 'counter' || type === 'histogram';
}

function sum(metrics: Metrics[]): Registry {
  return AggregatorRegistry.aggregate(metrics);
}

/** The exposition of a process: its own registry's, or as a worker that of all. */
export interface Exposition {
  text(): Promise<string>;
  stop(): void;
}

export function createExposition(registry: Registry): Exposition {
  if (!cluster.isWorker) return { text: () => registry.metrics(), stop: () => undefined };
  const waiting = new Map<number, (text: string | null) => void>();
  let next = 0;
  const tell = (message: Message): void => void process.send?.(message);
  const hear = (message: Message): void => {
    if (message.crosswalk === 'your metrics please') {
      const { id } = message;
      void registry
        .getMetricsAsJSON()
        .then((metrics) => tell({ crosswalk: 'my metrics', id, metrics }))
        .catch(() => undefined); // it counts with what it told last
    } else if (message.crosswalk === 'all metrics') {
      waiting.get(message.id)?.(message.text);
      waiting.delete(message.id);
    }
  };
  process.on('message', hear);
  return {
    text: () =>
      new Promise((done, fail) => {
        const id = next++;
        waiting.set(id, (text) => (text === null ? fail(new Error('The primary has none.')) : done(text)));
        tell({ crosswalk: 'all metrics please', id });
      }),
    stop: () => void process.off('message', hear),
  };
}
