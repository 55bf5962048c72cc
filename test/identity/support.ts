import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, type ConnectOptions, createConnection } from 'mongoose';
import { createIdentity, type Identity, type IdentityOptions } from '../../src/identity';
import { testDatabase } from '../support/mongo';
import { memoryStore } from './memory-store';

/** A database, a data folder and a clock that several identities share, as the processes of a deployment do. */
export interface Deployment {
  /** Another process of the deployment: its own connection, caches and memory. */
  start(options?: Partial<IdentityOptions>): Promise<Identity>;
  connection(options?: ConnectOptions): Promise<Connection>;
  /** Moves the clock of all processes, which stands still otherwise. */
  pass(milliseconds: number): void;
  now(): Date;
  close(): Promise<void>;
}

export const PUBLIC_URL = 'http://127.0.0.1:8080';
/** So cheap that tests are fast; the form is that of production. */
const PASSWORD_COST = { N: 256, r: 8, p: 1 };

export async function deployment(): Promise<Deployment> {
  const database = await testDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'crosswalk-identity-'));
  const store = memoryStore();
  const open: Connection[] = [];
  let at = Date.now();
  const now = (): Date => new Date(at);
  const connection = async (options: ConnectOptions = {}): Promise<Connection> => {
    const made = await createConnection(database.uri, {
      autoIndex: false,
      autoCreate: false,
      ...options,
    }).asPromise();
    open.push(made);
    return made;
  };
  return {
    connection,
    now,
    pass: (milliseconds) => void (at += milliseconds),
    start: async (options = {}) =>
      createIdentity({
        connection: options.connection ?? (await connection()),
        store,
        publicUrl: PUBLIC_URL,
        dataDir,
        fetchJson: () => Promise.reject(new Error('no network in this test')),
        clock: now,
        passwordCost: PASSWORD_COST,
        ...options,
      }),
    close: async () => {
      for (const each of open) await each.close();
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** The problem that a promise ends with. */
export async function problemOf(work: Promise<unknown>): Promise<{
  status: number;
  code: string;
  vendorCode: string | undefined;
  headers: Record<string, string>;
  message: string;
}> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const { status, code, vendorCode, headers, message } = error as Awaited<ReturnType<typeof problemOf>>;
  return { status, code, vendorCode, headers, message };
}
