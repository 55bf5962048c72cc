import cluster, { type Worker } from 'node:cluster';
import { readConfig, StartError, type Config } from './config';
import { gatherMetrics } from './operations';
import { prepareServer, startServer } from './server';

/** `npm start`: the server, or with WORKERS above 1 a primary that keeps so many of them running. */
async function main(): Promise<void> {
  const config = readConfig(process.env);
  if (config.workers > 1 && cluster.isPrimary) await supervise(config);
  else await startServer(config, { announce: !cluster.isWorker, seed: !cluster.isWorker });
}

/** The primary opens the database and seeds; workers share the port. One that dies is replaced. */
async function supervise(config: Config): Promise<void> {
  const prepared = await prepareServer(config);
  gatherMetrics();
  let stopping = false;
  const fork = () => cluster.fork();
  const begun = new WeakSet<Worker>();
  for (let i = 0; i < config.workers; i += 1) fork();
  cluster.on('listening', (worker) => begun.add(worker));
  cluster.on('exit', (worker, code) => {
    if (stopping) return;
    // It has said why it could not begin: another would fare no better.
    if (code === 1 && !begun.has(worker)) void stop(1);
    else fork();
  });
  const stop = async (code: number): Promise<void> => {
    if (stopping) return;
    stopping = true;
    const workers = Object.values(cluster.workers ?? {}).flatMap((worker) =>
      worker === undefined ? [] : [worker],
    );
    const ended = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)));
    for (const worker of workers) worker.process.kill('SIGTERM');
    await Promise.all(ended);
    await prepared.close();
    process.exit(code);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop(0));
  cluster.once('listening', () => prepared.announce());
}

main().catch((error: unknown) => {
  const message =
    error instanceof StartError
      ? error.message
      : `Crosswalk could not start: ${error instanceof Error ? error.message : String(error)}`;
  process.stderr.write(`${message.replace(/\s*\n\s*/g, ' ')}\n`);
  process.exit(1);
});
