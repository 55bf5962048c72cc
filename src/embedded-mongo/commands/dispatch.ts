import { BSONError } from 'bson';
import type { Engine } from '../engine';
import { ServerError } from '../errors';
import { CommandError } from '../semantics';
import type { Document } from '../semantics';
import { encodeUnlimited } from '../storage/codec';
import { DiskFull } from '../storage/write-queue';
import type { Request } from '../wire/message';
import { BsonFormatError } from '../wire/raw';
import type { Answer, Connection } from '../wire/connection';
import type { Command, Handler } from './command';
import { readBody, sessionOf, transactionFields, txnNumberOf, wholeNumber } from './command';
import { aggregate } from './aggregate';
import { collStats, create, drop, dropDatabase, listCollections, listDatabases } from './collections';
import {
  buildInfo,
  endSessions,
  fsync,
  hello,
  killCursors,
  ping,
  refreshSessions,
  serverStatus,
} from './connection';
import { count, distinct } from './count';
import { explain } from './explain';
import { findAndModify } from './find-and-modify';
import { find, getMore } from './find';
import { createIndexes, dropIndexes, listIndexes } from './indexes';
import { insert } from './insert';
import { abortTransaction, commitTransaction } from './transactions';
import { remove, update } from './update';

const HANDLERS = new Map<string, Handler>(
  Object.entries({
    hello,
    isMaster: hello,
    ismaster: hello,
    ping,
    fsync,
    buildInfo,
    buildinfo: buildInfo,
    serverStatus,
    collStats,
    endSessions,
    killSessions: endSessions,
    refreshSessions,
    startSession: refreshSessions,
    killCursors,
    getMore,
    create,
    drop,
    dropDatabase,
    listCollections,
    listDatabases,
    createIndexes,
    listIndexes,
    dropIndexes,
    deleteIndexes: dropIndexes,
    insert,
    update,
    delete: remove,
    findAndModify,
    findandmodify: findAndModify,
    find,
    count,
    distinct,
    aggregate,
    explain,
    commitTransaction,
    abortTransaction,
  }),
);

/** Commands of MongoDB that are refused by name rather than as unknown. */
const REFUSED = new Set([
  'mapReduce',
  'mapreduce',
  'geoNear',
  'geoSearch',
  'collMod',
  'renameCollection',
  'convertToCapped',
  'cloneCollectionAsCapped',
  'compact',
  'validate',
  'bulkWrite',
  'saslStart',
  'saslContinue',
  'authenticate',
  'createUser',
  'updateUser',
  'dropUser',
  'usersInfo',
  'createRole',
  'filemd5',
  'createSearchIndexes',
  'replSetGetStatus',
  'currentOp',
  'killOp',
  'eval',
  '$eval',
  'top',
  'profile',
]);

const IN_TRANSACTION = new Set([
  'find',
  'getMore',
  'insert',
  'update',
  'delete',
  'findAndModify',
  'findandmodify',
  'aggregate',
  'distinct',
  'killCursors',
  'commitTransaction',
  'abortTransaction',
  'create',
  'createIndexes',
  'count',
]);
const ENDS_TRANSACTION = new Set(['commitTransaction', 'abortTransaction']);

/** Answers every request with one command's reply or error. */
export function dispatcher(engine: Engine): Answer {
  return (request, connection) => {
    let command: Command;
    try {
      command = readCommand(request, connection, engine);
    } catch (error) {
      return encodeError(error);
    }
    return answer(command, engine);
  };
}

function answer(command: Command, engine: Engine): Buffer | Promise<Buffer> {
  const fail = (error: unknown): Buffer => {
    if (command.transaction && !ENDS_TRANSACTION.has(command.name))
      engine.transactions.abort(command.transaction);
    return encodeError(error);
  };
  try {
    const handler = handlerOf(command.name);
    const reply = handler(command, engine);
    if (reply instanceof Promise) return reply.then(finish, fail);
    return finish(reply);
  } catch (error) {
    return fail(error);
  }
}

function finish(reply: Document | Buffer): Buffer {
  return Buffer.isBuffer(reply) ? reply : encodeUnlimited({ ...reply, ok: 1 });
}

function handlerOf(name: string): Handler {
  const handler = HANDLERS.get(name);
  if (handler) return handler;
  if (REFUSED.has(name)) {
    throw new ServerError(
      115,
      `The command '${name}' is not supported by the embedded database; use a MongoDB server (MONGODB_URI)`,
    );
  }
  throw new ServerError(59, `no such command: '${name}'`);
}

function readCommand(request: Request, connection: Connection, engine: Engine): Command {
  const { body, documents } = readBody(request);
  const name = Object.keys(body)[0] ?? '';
  if (request.kind === 'query' && !/^(hello|is[mM]aster)$/.test(name)) {
    throw new ServerError(
      352 as never,
      `Unsupported OP_QUERY command: ${name}. The client driver may require an upgrade.`,
    );
  }
  const database = request.namespace?.split('.')[0] ?? body['$db'];
  if (typeof database !== 'string')
    throw new ServerError(40571 as never, 'OP_MSG requests require a $db argument');
  checkWriteConcern(body);
  const fields = transactionFields(body);
  if (fields && !IN_TRANSACTION.has(name)) {
    throw new ServerError(263, `Cannot run '${name}' in a multi-document transaction.`);
  }
  const maxTime = wholeNumber(body, 'maxTimeMS', 0);
  return {
    name,
    database,
    body,
    documents,
    connection,
    session: sessionOf(body),
    txnNumber: txnNumberOf(body),
    transaction: fields && !ENDS_TRANSACTION.has(name) ? engine.transactions.join(fields) : undefined,
    deadline: maxTime > 0 ? Date.now() + maxTime : Number.POSITIVE_INFINITY,
  };
}

/**
 * A write is synced before it is acknowledged, unless it says `j: false`: `majority` and `j` hold. More members there
 * are not.
 */
function checkWriteConcern(body: Document): void {
  const w = (body['writeConcern'] as Document | undefined)?.['w'];
  if (w === undefined || w === 'majority') return;
  if (typeof w === 'string')
    throw new ServerError(
      79 as never,
      `No write concern mode named '${w}' found in replica set configuration`,
    );
  if (Number(w) > 1) throw new ServerError(100, 'Not enough data-bearing nodes');
}

/** The error document of a failed command. Messages of unexpected errors stay in the log of the process. */
function encodeError(error: unknown): Buffer {
  if (error instanceof CommandError) {
    const { labels = [], fields = {} } = error instanceof ServerError ? error : {};
    return encodeUnlimited({
      ok: 0,
      errmsg: error.message,
      code: error.code,
      codeName: error.codeName,
      ...fields,
      ...(labels.length > 0 ? { errorLabels: [...labels] } : {}),
    });
  }
  const { name, message, stack = '' } = error instanceof Error ? error : new Error('unknown');
  if (error instanceof BSONError || error instanceof BsonFormatError)
    return failure(22, 'InvalidBSON', 'The BSON of the command is malformed');
  if (error instanceof DiskFull || /MDB_MAP_FULL/.test(message))
    return failure(14031, 'OutOfDiskSpace', 'The disk is full');
  // Where it happened, and not its message, which may hold what clients store.
  process.stderr.write(
    `embedded-mongo: ${name}\n${stack
      .split('\n')
      .filter((line) => /^\s+at /.test(line))
      .join('\n')}\n`,
  );
  return failure(1, 'InternalError', 'An internal error of the embedded database');
}

function failure(code: number, codeName: string, errmsg: string): Buffer {
  return encodeUnlimited({ ok: 0, errmsg, code, codeName });
}
