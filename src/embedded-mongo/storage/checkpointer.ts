import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CheckpointReply, CheckpointRequest } from './checkpoint-worker';

/** Brings finished log files into LMDB's file, in a thread of its own that starts with the first one. */
export class Checkpointer {
  private worker: Worker | undefined;

  constructor(private readonly dataDir: string) {}

  /** Resolves when the file's writes are in LMDB's file, synced. */
  bring(log: number): Promise<void> {
    const worker = (this.worker ??= this.start());
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        this.worker = undefined;
        reject(error);
      };
      worker.once('error', fail);
      worker.once('message', ({ error }: CheckpointReply) => {
        worker.removeListener('error', fail);
        if (error === undefined) resolve();
        else reject(new Error(error));
      });
      this.ask(worker, { log });
    });
  }

  async stop(): Promise<void> {
    const { worker } = this;
    if (!worker) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    this.ask(worker, { end: true });
    await ended;
  }

  private ask(worker: Worker, request: CheckpointRequest): void {
    worker.postMessage(request);
  }

  /** The compiled thread beside this file, or, from sources, the TypeScript one with a hook that compiles it. */
  private start(): Worker {
    const compiled = join(__dirname, 'checkpoint-worker.js');
    const options = { workerData: { dataDir: this.dataDir } };
    if (existsSync(compiled)) return new Worker(compiled, options);
    const hook = join(__dirname, '../typescript-hook.cjs');
    return new Worker(join(__dirname, 'checkpoint-worker.ts'), {
      ...options,
      execArgv: ['--require', hook],
    });
  }
}
