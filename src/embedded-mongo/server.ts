import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { dispatcher } from './commands/dispatch';
import type { Engine } from './engine';
import { closeEngine, openEngine } from './engine';
import type { Limits } from './limits';
import { LIMITS } from './limits';
import { openEnvironment } from './storage/environment';
import { recoverLogs } from './storage/log';
import { claimFrom } from './storage/owner';
import { answers, socketPath, socketUri } from './socket';
import { dropUnfinishedIndexes } from './sweeper';
import { serveConnection } from './wire/connection';

export interface ServerOptions {
  /** The folder of the database file; made when it does not exist. */
  dataDir: string;
  /** Also listen on this loopback TCP port; 0 for any free one. Without it: the unix socket only. */
  port?: number | undefined;
  /** Other limits than the usual ones, for tests. */
  limits?: Partial<Limits> | undefined;
}

export interface RunningServer {
  uri: string;
  /** Takes no more connections, finishes what runs, closes the file. */
  stop(): Promise<void>;
}

/** Starts serving. @throws Error with one clear line when another server has the data directory */
export async function startServer({ dataDir, port, limits }: ServerOptions): Promise<RunningServer> {
  process.umask(0o077);
  const path = socketPath(dataDir);
  if (await answers(path)) throw inUse(dataDir);
  const env = openEnvironment(dataDir);
  if (!(await claimFrom(env, () => answers(path)))) throw inUse(dataDir);
  recoverLogs(env);
  const engine = openEngine(env, { ...LIMITS, ...limits });
  await dropUnfinishedIndexes(engine);
  engine.sweeper.start();
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const local = listener(engine, sockets, () => path);
  await listen(local, { path });
  chmodSync(path, 0o600);
  const servers = [local];
  let uri = socketUri(path);
  if (port !== undefined) {
    const tcp = listener(engine, sockets, () => `127.0.0.1:${portOf(tcp)}`);
    await listen(tcp, { port, host: '127.0.0.1' });
    servers.push(tcp);
    uri = `mongodb://127.0.0.1:${portOf(tcp)}/crosswalk?directConnection=true`;
  }
  return { uri, stop: () => stop(engine, servers, sockets) };
}

async function stop(engine: Engine, servers: readonly Server[], sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = servers.map((server) => new Promise((done) => server.close(done)));
  await engine.queue.idle();
  for (const socket of sockets) socket.end();
  const grace = setTimeout(() => sockets.forEach((socket) => socket.destroy()), 200);
  await Promise.all(closed);
  clearTimeout(grace);
  await closeEngine(engine);
}

function inUse(dataDir: string): Error {
  return new Error(`Another database server is already running on ${resolve(dataDir)}`);
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

let lastConnectionId = 0;

function listener(engine: Engine, sockets: Set<Socket>, address: () => string): Server {
  const answer = dispatcher(engine);
  return createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serveConnection(
      socket,
      { id: ++lastConnectionId, address: address(), count: () => sockets.size },
      answer,
    );
  });
}

function listen(server: Server, where: { path: string } | { port: number; host: string }): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      fail(
        error.code === 'EADDRINUSE' ? new Error(`The address is in use: ${JSON.stringify(where)}`) : error,
      );
    });
    server.listen(where, done);
  });
}
