/** A thread that brings finished log files into LMDB's file, so that the server's own thread does not wait for it. */
import { parentPort, workerData } from 'node:worker_threads';
import { openEnvironment } from './environment';
import { applyLog } from './log';

/** What the server says: a file to bring over, or that there are no more. */
export type CheckpointRequest = { readonly log: number } | { readonly end: true };
/** The answer to a file. */
export interface CheckpointReply {
  readonly error?: string;
}

const env = openEnvironment((workerData as { dataDir: string }).dataDir);

parentPort?.on('message', (request: CheckpointRequest) => {
  if ('end' in request) {
    void env.root.close().then(() => parentPort?.close());
    return;
  }
  parentPort?.postMessage(attempt(request.log));
});

function attempt(log: number): CheckpointReply {
  try {
    applyLog(env, log);
    return {};
  } catch (error) {
    return { error: error instanceof Error ? error.message : 'unknown' };
  }
}
