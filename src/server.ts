import { createServer, type Server } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { createApp } from './app';
import { StartError, urlHost, type Config } from './config';
import { compileBodies } from './contract';
import { isEmpty, loadCredentials, seedDemonstration, type DemoCredentials } from './demo';
import { openHouse, type House } from './house';
import { logUnheard } from './log';
import { publishDefinitions } from './publish-definitions';
import { welcome } from './welcome';

/** How long whoever asks all the time is told to leave the connection before it is closed, in milliseconds. */
const LAST_CALL_MS = 300;
/** How long requests in flight may take to finish once the server stops, in milliseconds. */
const GRACE_MS = 10_000;
/** How long all of stopping may take; what was acknowledged is safe without it. */
const STOP_MS = 30_000;

/** How often slow connections are looked for; node's own 30 s would more than double what they may take. */
const CHECK_MS = 2_000;

/** The house with its demonstration, before it listens. */
export async function prepareServer(
  config: Config,
): Promise<{ house: House; announce(): void; close(): Promise<void> }> {
  const house = await openHouse(config);
  const fresh = await seedIfEmpty(house);
  await publishDefinitions(house);
  const credentials = fresh ?? loadCredentials(config.dataDir);
  return {
    house,
    announce: () => process.stdout.write(welcome(config, credentials, fresh !== undefined)),
    close: () => house.close(),
  };
}

/** Opens the house, listens, and stops cleanly on SIGINT and SIGTERM with exit code 0. */
export async function startServer(config: Config, role: { announce: boolean; seed: boolean }): Promise<void> {
  const prepared = role.seed
    ? await prepareServer(config)
    : { ...(await openWorker(config)), announce: () => undefined };
  const { house } = prepared;
  logUnheard(house.log);
  let stopping = false;
  const options = { connectionsCheckingInterval: CHECK_MS };
  const server = createServer(options, createApp(house, { stopping: () => stopping }));
  server.prependListener('request', (_req, res) => {
    if (stopping) res.setHeader('Connection', 'close');
  });
  compileBodies();
  house.notify.attach(server);
  // A slow or silent client holds a connection no longer than this.
  server.headersTimeout = 20_000;
  server.requestTimeout = 300_000;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => {
      process.stderr.write('Crosswalk was ended before it had closed everything; the next start goes on.\n');
      process.exit(1);
    }, STOP_MS).unref();
    await pause(LAST_CALL_MS);
    await closeServer(server);
    await house.close();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void stop());
  try {
    await listen(server, config);
  } catch (error) {
    await house.close();
    throw error;
  }
  house.audit.start();
  house.directory.follow();
  await house.notify.start();
  await house.operations.start();
  if (role.announce) prepared.announce();
}

async function openWorker(config: Config): Promise<{ house: House }> {
  return { house: await openHouse(config) };
}

/** The demonstration goes only where nothing is and nobody said otherwise. */
async function seedIfEmpty(house: House): Promise<DemoCredentials | undefined> {
  const { mongodbUri, production } = house.config;
  if (mongodbUri !== undefined || production || !(await isEmpty(house))) return undefined;
  return seedDemonstration(house);
}

function listen(server: Server, { port, host }: Config): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new StartError(listenFailure(error, host, port))),
    );
    server.listen({ port, host }, resolve);
  });
}

function listenFailure(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === 'EADDRINUSE') return `Port ${port} on ${host} is taken; set PORT to another one.`;
  if (error.code === 'EACCES')
    return `Port ${port} may not be opened by this user; set PORT to one above 1023.`;
  return `Crosswalk cannot listen on ${urlHost(host)}:${port} (${error.code ?? 'unknown reason'}).`;
}

/** Takes no new requests, lets those in flight finish, and cuts what is left after the grace. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), GRACE_MS);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
