/** The entry of the child process that `startEmbeddedMongo` spawns: `child OPTIONS`, as JSON. */
import { createWriteStream } from 'node:fs';
import type { ServerOptions } from './server';
import { startServer } from './server';

/** Where the parent hears that we listen, or why not. */
const REPORT_FD = 3;

async function main(): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? '') as ServerOptions;
  const report = createWriteStream('', { fd: REPORT_FD });
  try {
    const server = await startServer(options);
    let stopping = false;
    const stop = (): void => {
      if (stopping) return;
      stopping = true;
      void server.stop().finally(() => process.exit(0));
    };
    // The parent holds our standard input open: it ends when the parent does, however that ends.
    process.stdin.resume().once('end', stop).once('error', stop);
    process.once('SIGTERM', stop);
    process.on('SIGINT', () => undefined);
    process.on('SIGHUP', () => undefined);
    report.write(`${JSON.stringify({ uri: server.uri })}\n`);
  } catch (error) {
    report.end(`${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`, () =>
      process.exit(1),
    );
  }
}

void main();
