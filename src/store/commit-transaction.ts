/** Commit inside a transaction: in bulk, with the rules of the domains and the grants of addressed resources. */
import { type CommitSettings, draftId, keyOf, meet, prepare, prepareTypes } from './commit';
import { applyGrants } from './grants';
import { missingGrants } from './holders';
import type { OutboxPlace } from './outbox/local';
import { idOf, type Planned } from './plan';
import { applyRules } from './rules';
import type { Scope } from './scope';
import type { RunningTransaction } from './transactions';
import {
  type Change,
  type Committed,
  EVERYTHING,
  type OutboxEvent,
  type StoreTransaction,
  type WriteContext,
} from './types';
import { relayable, writeLoose, writeMany } from './write';

export interface TransactionState {
  scope: Scope;
  settings: CommitSettings;
  running: RunningTransaction;
  tx: StoreTransaction;
}

/** @throws ProblemError as `planChange` and of rules; TransactionConflict makes the transaction run again. */
export async function commitInTransaction(
  state: TransactionState,
  changes: readonly Change[],
  context: WriteContext,
): Promise<Committed[]> {
  const { scope } = state;
  // What rules add happens at the same moment as what made them add it.
  const at = state.settings.clock();
  const settings = { ...state.settings, clock: () => at };
  await prepareTypes(scope, changes);
  const named = changes.map((change) => withId(change, settings.newId));
  const parts = segments(named);
  awaitTurns(state.running, named);
  // Audit entries name changes of the whole list, so they go into the documents only when it is written at once.
  const partContext = parts.length > 1 ? withoutAudit(context) : context;
  const committed: Committed[] = [];
  const added: Change[] = [];
  for (const part of parts) {
    const met = await meet(scope, settings, part, context);
    const ruled = await applyRules(
      { rules: settings.rules, tx: state.tx, commit: named, context },
      part,
      met,
    );
    added.push(...ruled.added);
    committed.push(...(await write(state, ruled.planned, partContext)));
  }
  await writeAdded({ ...state, settings }, added, context);
  if (parts.length > 1) await leave(state, auditEvents(context, committed));
  return committed;
}

/** More documents than this are not waited for one by one. */
const MAX_TURNS = 20;

/** Should this try fail, the next one waits for the others of this process that write the same documents. */
function awaitTurns(running: RunningTransaction, changes: readonly Change[]): void {
  if (running.awaited.size + changes.length > MAX_TURNS) return;
  for (const change of changes) if (change.kind !== 'create') running.awaited.add(keyOf(change));
}

function withId(change: Change, newId: () => string): Change {
  return change.kind === 'create' && change.id === undefined ? { ...change, id: newId() } : change;
}

/** What rules added is the server's own: written by its right, and audited with the change that caused it. */
async function writeAdded(
  state: TransactionState,
  added: readonly Change[],
  context: WriteContext,
): Promise<void> {
  if (added.length === 0) return;
  await prepareTypes(state.scope, added);
  const server = { ...withoutAudit(context), viewer: EVERYTHING };
  for (const part of segments(added)) {
    const { planned } = await meet(state.scope, state.settings, part, server);
    await write(state, planned, server);
  }
}

async function write(
  { scope, running }: TransactionState,
  planned: readonly Planned[],
  context: WriteContext,
): Promise<Committed[]> {
  const { local } = scope.connection;
  const { writes, grants, loose, committed } = await prepare(scope, planned, context);
  const claim = writes.length > 0 ? local.claim(writes.length) : undefined;
  await writeMany(scope, writes, claim);
  await applyGrants(scope, await missingGrants(scope, grants, context.viewer), context.viewer);
  await leave({ scope, running }, loose);
  const taken = relayable(writes, claim);
  const places = new Set<OutboxPlace>(taken.length < writes.length ? writes.map(({ type }) => type) : []);
  running.afterCommit.push(() => local.committed(taken, [...places]));
  return committed;
}

function withoutAudit({ viewer, requestId, author }: WriteContext): WriteContext {
  return { viewer, requestId, author };
}

function auditEvents(context: WriteContext, committed: readonly Committed[]): OutboxEvent[] {
  return (context.audit?.(committed) ?? []).map(({ draft }) => ({
    id: draftId(draft),
    kind: 'audit',
    draft,
  }));
}

/** Leaves events that belong to no document of the transaction. */
async function leave(
  { scope, running }: Pick<TransactionState, 'scope' | 'running'>,
  events: OutboxEvent[],
): Promise<void> {
  if (events.length === 0) return;
  await writeLoose(scope, events);
  running.afterCommit.push(() => scope.connection.local.committed([], ['outbox']));
}

/** Cuts the list where a document occurs again: what comes later sees what came before. */
function segments(changes: readonly Change[]): Change[][] {
  const parts: Change[][] = [[]];
  let seen = new Set<string>();
  for (const change of changes) {
    const key = keyOf(change);
    if (idOf(change) !== undefined && seen.has(key)) {
      seen = new Set();
      parts.push([]);
    }
    seen.add(key);
    parts.at(-1)?.push(change);
  }
  return parts;
}
