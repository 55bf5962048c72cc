import { CommandError } from '../semantics';
import type { Document } from '../semantics';
import { drain } from '../planner/pace';
import { prepare, run } from '../planner/search';
import { recordResult, recordedResult } from '../sessions/retryable';
import { encodeUnlimited } from '../storage/codec';
import { Blocked } from '../storage/pending';
import type { LockHolder } from '../storage/locks';
import type { Writer } from '../storage/view';
import type { Engine } from '../engine';
import type { Command } from './command';
import { namespaceOf, statementOf, viewOf } from './command';
import { paceOf } from './find';
import type { Change, Changed, Place } from './modify';
import { SLOW, changeFound, changeOne, changeSlowly, foundAt } from './modify';
import { inWriter, writeError } from './writes';

/** Statements or documents handed to the queue at once, so that they share a commit. */
const WINDOW = 200;

/** One statement of an update or delete command. */
export interface ReadStatement {
  change: Change;
  multi: boolean;
}

/** What a statement did; also what is remembered of a retryable one. */
export interface Outcome {
  n: number;
  nModified: number;
  upserted?: unknown;
}

export interface StatementResults {
  outcomes: (Outcome & { index: number })[];
  writeErrors: { writeErrors?: Document[] };
}

/** Runs the statements of a command, in their order, or each on its own where the command says `ordered: false`. */
export async function runStatements(
  command: Command,
  engine: Engine,
  list: readonly Document[],
  read: (statement: Document) => ReadStatement,
): Promise<StatementResults> {
  const place = { command, engine, namespace: namespaceOf(command) };
  const ordered = command.body['ordered'] !== false;
  const outcomes: (Outcome & { index: number })[] = [];
  const errors: Document[] = [];
  for (let from = 0; from < list.length && !(ordered && errors.length > 0);) {
    const window = list
      .slice(from, from + WINDOW)
      .map((statement, i) => prepareStatement(read, statement, from + i));
    const done = await runWindow(place, window, ordered);
    for (const { index, result } of done) {
      if (!(result instanceof CommandError)) outcomes.push({ ...result, index });
      else if (command.transaction) throw result;
      else errors.push(writeError(result, index));
    }
    from += done.length;
    if (done.length === 0) break;
  }
  return { outcomes, writeErrors: errors.length > 0 ? { writeErrors: errors } : {} };
}

interface Prepared {
  index: number;
  statement: ReadStatement | CommandError;
}

interface Done {
  index: number;
  result: Outcome | CommandError;
}

function prepareStatement(
  read: (statement: Document) => ReadStatement,
  statement: Document,
  index: number,
): Prepared {
  try {
    return { index, statement: read(statement) };
  } catch (error) {
    if (error instanceof CommandError) return { index, statement: error };
    throw error;
  }
}

/** Runs as many statements of the window as can be run together. @returns those that are done, from the first on */
async function runWindow(place: Place, window: readonly Prepared[], ordered: boolean): Promise<Done[]> {
  const [first] = window;
  if (!first) return [];
  if (!isSingle(first)) return [{ index: first.index, result: await alone(place, first) }];
  const end = window.findIndex((prepared) => !isSingle(prepared));
  const singles = end < 0 ? window : window.slice(0, end);
  const line: Line = {
    ordered,
    failedAt: Number.POSITIVE_INFINITY,
    waitingAt: Number.POSITIVE_INFINITY,
    holder: undefined,
  };
  const results = await Promise.all(singles.map((prepared) => attempt(place, prepared, line)));
  const done: Done[] = [];
  for (const [i, prepared] of singles.entries()) {
    const result = results[i] === SLOW ? await alone(place, prepared) : results[i];
    if (result === undefined || typeof result === 'symbol') break;
    done.push({ index: prepared.index, result });
    if (ordered && (result instanceof CommandError || results[i] === SLOW)) break;
  }
  return done;
}

function isSingle({ statement }: Prepared): boolean {
  return !(statement instanceof CommandError) && !statement.multi;
}

/** A statement that does not share an operation: one that is wrong, changes many documents, or searches for long. */
async function alone(place: Place, { index, statement }: Prepared): Promise<Outcome | CommandError> {
  if (statement instanceof CommandError) return statement;
  try {
    if (statement.multi) return await changeMany(place, statement.change);
    return await changeSlowly(place, statement.change, (writer, changed) =>
      record(place, writer, index, changed()),
    );
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
}

/** What statements that were handed to the queue together know of each other. */
interface Line {
  readonly ordered: boolean;
  /** The first that failed or was too slow: later ones of an ordered command do nothing. */
  failedAt: number;
  /** The first that waits for a transaction: later ones of an ordered command wait too. */
  waitingAt: number;
  holder: LockHolder | undefined;
}

/** undefined: not run, since one before it failed. */
type Attempt = Outcome | CommandError | typeof SLOW | undefined;

async function attempt(place: Place, { index, statement }: Prepared, line: Line): Promise<Attempt> {
  const { command, engine, namespace } = place;
  if (statement instanceof CommandError) return statement;
  return inWriter(
    command,
    engine,
    namespace,
    (writer): Attempt => {
      // The operation may run again, when its batch was taken back or what it waited for has ended.
      if (line.failedAt === index) line.failedAt = Number.POSITIVE_INFINITY;
      if (line.waitingAt === index) line.waitingAt = Number.POSITIVE_INFINITY;
      if (line.ordered && line.failedAt < index) return undefined;
      if (line.ordered && line.waitingAt < index && line.holder) throw new Blocked(line.holder);
      try {
        const recorded = recall(place, writer, index);
        if (recorded) return recorded;
        const changed = changeOne(place, writer, statement.change);
        if (changed !== SLOW) return record(place, writer, index, changed);
        line.failedAt = Math.min(line.failedAt, index);
        return SLOW;
      } catch (error) {
        if (error instanceof Blocked && index < line.waitingAt)
          [line.waitingAt, line.holder] = [index, error.holder];
        if (!(error instanceof CommandError)) throw error;
        line.failedAt = Math.min(line.failedAt, index);
        return error;
      }
    },
    { frees: statement.change.update === undefined },
  );
}

/** What a retryable statement did when it was run before. */
function recall({ command }: Place, writer: Writer, index: number): Outcome | undefined {
  const statement = statementOf(command, index);
  const recorded = statement && recordedResult(writer, statement);
  if (!recorded) return undefined;
  return {
    n: Number(recorded['n']),
    nModified: Number(recorded['nModified']),
    ...('upserted' in recorded ? { upserted: recorded['upserted'] } : {}),
  };
}

function record({ command }: Place, writer: Writer, index: number, changed: Changed | undefined): Outcome {
  const outcome: Outcome = {
    n: changed ? 1 : 0,
    nModified: changed?.modified ? 1 : 0,
    ...(changed && 'upserted' in changed ? { upserted: changed.upserted } : {}),
  };
  const statement = statementOf(command, index);
  if (statement) recordResult(writer, statement, encodeUnlimited({ ...outcome }));
  return outcome;
}

/** Finds at leisure, changes in the queue; each document is looked at again when its turn to be changed comes. */
async function changeMany(place: Place, change: Change): Promise<Outcome> {
  const { command, engine, namespace } = place;
  const view = viewOf(command, engine);
  const keys: Buffer[] = [];
  try {
    const prepared = prepare(view, engine.catalog.get(namespace), change.query);
    await drain(run(view, prepared), paceOf(command, view), (found) => void keys.push(found.key));
  } finally {
    view.release();
  }
  const total: Outcome = { n: 0, nModified: 0 };
  for (let from = 0; from < keys.length; from += WINDOW) {
    const window = keys.slice(from, from + WINDOW).map((key) =>
      inWriter(
        command,
        engine,
        namespace,
        (writer) => {
          const found = foundAt(writer, change, key);
          return found && changeFound(place, writer, change, found);
        },
        { frees: change.update === undefined },
      ),
    );
    for (const changed of await settled(window)) {
      total.n += changed ? 1 : 0;
      total.nModified += changed?.modified ? 1 : 0;
    }
  }
  if (keys.length > 0 || !change.upsert) return total;
  return changeSlowly(place, change, (writer, changed) => record(place, writer, 0, changed()));
}

/** Waits for all, then fails with the first failure: nothing of a command goes on after its reply. */
async function settled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
