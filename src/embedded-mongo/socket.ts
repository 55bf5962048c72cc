/** Where an embedded server listens, and whether one does. */
import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The longest socket path that both Linux (108) and macOS (104) take, with its closing zero. */
const LONGEST_SOCKET_PATH = 103;

/** Where the server on `dataDir` listens: in it, or, where that is too long, in a private folder elsewhere. */
export function socketPath(dataDir: string): string {
  const inside = join(resolve(dataDir), 'mongodb.sock');
  if (Buffer.byteLength(inside) <= LONGEST_SOCKET_PATH) return inside;
  const digest = createHash('sha256').update(inside).digest('hex').slice(0, 16);
  const owner = process.getuid?.() ?? 0;
  return join(tmpdir(), `crosswalk-${owner}-${digest}`, 'mongodb.sock');
}

export function socketUri(path: string): string {
  return `mongodb://${encodeURIComponent(path)}/crosswalk?directConnection=true`;
}

/** The uri of the server that runs on a data directory, for a second process; undefined when none does. */
export async function findEmbeddedMongo(dataDir: string): Promise<string | undefined> {
  const path = socketPath(dataDir);
  return (await answers(path)) ? socketUri(path) : undefined;
}

/** Whether somebody listens on the socket: a file left behind by a killed server does not answer. */
export function answers(path: string): Promise<boolean> {
  return new Promise((done) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      done(true);
    });
    probe.once('error', () => done(false));
  });
}
