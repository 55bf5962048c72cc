import { Long } from 'bson';
import type { Engine } from '../engine';
import type { Document } from '../semantics';
import { MAX_DOCUMENT_BYTES } from '../storage/codec';
import { LIMITS } from '../limits';
import { MAX_MESSAGE_BYTES } from '../wire/message';
import type { Command, Handler } from './command';
import { allowFields, refuse } from './command';

/** The release whose behaviour is followed; wire version 21 is its. */
export const SERVER_VERSION = '7.0.0';
/** Below 25, so that clients do not send the 8.0 bulkWrite command. */
const MAX_WIRE_VERSION = 21;

/** The name of the replica set of one that clients see: transactions and retryable writes need one. */
const SET_NAME = 'crosswalk';

/**
 * https://www.mongodb.com/docs/manual/reference/command/hello/. Without topologyVersion, so that clients poll instead
 * of waiting for changes that never come.
 */
export const hello: Handler = (command) => {
  const { address, id } = command.connection;
  return {
    ...(command.name === 'hello' ? { isWritablePrimary: true } : { ismaster: true, helloOk: true }),
    setName: SET_NAME,
    setVersion: 1,
    secondary: false,
    hosts: [address],
    primary: address,
    me: address,
    maxBsonObjectSize: MAX_DOCUMENT_BYTES,
    maxMessageSizeBytes: MAX_MESSAGE_BYTES,
    maxWriteBatchSize: 100_000,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: LIMITS.session / 60_000,
    connectionId: id,
    minWireVersion: 0,
    maxWireVersion: MAX_WIRE_VERSION,
    readOnly: false,
  };
};

export const ping: Handler = () => ({});

export const buildInfo: Handler = () => ({
  version: SERVER_VERSION,
  versionArray: [7, 0, 0, 0],
  gitVersion: 'crosswalk-embedded',
  modules: ['crosswalk-embedded'],
  storageEngines: ['lmdb'],
  javascriptEngine: 'none',
  bits: 64,
  debug: false,
  maxBsonObjectSize: MAX_DOCUMENT_BYTES,
});

export const serverStatus: Handler = (command, engine) => {
  const { rss, heapUsed } = process.memoryUsage();
  return {
    host: command.connection.address,
    version: SERVER_VERSION,
    process: 'crosswalk-embedded',
    pid: Long.fromNumber(process.pid),
    uptime: (Date.now() - engine.started) / 1000,
    localTime: new Date(),
    connections: { current: command.connection.count() },
    mem: { bits: 64, resident: Math.round(rss / 2 ** 20), heap: Math.round(heapUsed / 2 ** 20) },
    metrics: { cursor: { open: { total: Long.fromNumber(engine.cursors.count) } } },
    transactions: { currentOpen: Long.fromNumber(engine.transactions.openCount) },
    storageEngine: { name: 'lmdb', persistent: true, supportsCommittedReads: true },
  };
};

/** https://www.mongodb.com/docs/manual/reference/command/fsync/: all that is acknowledged goes into the data file. */
export const fsync: Handler = async ({ body }, engine) => {
  allowFields(body, 'fsync', new Set(['lock']));
  refuse(body, ['lock']);
  await engine.queue.checkpoint();
  return { numFiles: 1 };
};

/** Sessions named by endSessions and its relatives. */
export const endSessions: Handler = (command, engine) => {
  for (const id of sessionIds(command)) {
    engine.transactions.endSession(id);
    engine.cursors.endSession(id);
  }
  return {};
};

export const refreshSessions: Handler = () => ({});

function sessionIds(command: Command): Buffer[] {
  const list = command.body[command.name];
  if (!Array.isArray(list)) return [];
  return (list as Document[]).flatMap(({ id }) => {
    const bytes = (id as { buffer?: Uint8Array } | undefined)?.buffer;
    return bytes ? [Buffer.from(bytes.subarray(0, 16))] : [];
  });
}

export const killCursors: Handler = (command, engine: Engine) => {
  const ids = (command.body['cursors'] as Long[] | undefined) ?? [];
  const killed: Long[] = [];
  const notFound: Long[] = [];
  for (const id of ids) (engine.cursors.close(id.toBigInt()) ? killed : notFound).push(id);
  return { cursorsKilled: killed, cursorsNotFound: notFound, cursorsAlive: [], cursorsUnknown: [] };
};
