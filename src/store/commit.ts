/** Commit: changes in, versions out. docs/storage.md, "A commit, step by step". */
import type { ResourceType } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { isResourceType, ProblemError } from '../fhir';
import { accessOf } from './access';
import type { RecordDocument } from './documents';
import { raceLost } from './failures';
import { WITHOUT_INDEX } from './indexing';
import { type Grants, holdersOf, missingGrants } from './holders';
import { committedOf, idOf, type NextVersion, planChange, type Planned, typeOf } from './plan';
import { hiddenRows } from './rows';
import { addId, findByIds, type Scope } from './scope';
import { pause, type KeyTurns } from './turns';
import type { Change, Committed, OutboxEvent, WriteContext, WriteRule } from './types';
import { changeEvent, documentOf, relayable, type Write, writeLoose, writeOne } from './write';

export interface CommitSettings {
  clock: () => Date;
  newId: () => string;
  rules: ReadonlyMap<ResourceType, readonly WriteRule[]>;
  turns: KeyTurns;
}

/** Types that exist on the wire only (decisions, "Types"). */
const NEVER_STORED = new Set<string>(['Parameters', 'OperationOutcome']);

/** Documents that are indexed before other work gets its turn. */
const INDEXED_AT_A_STRETCH = 50;

/** Tries of a single write that others keep overtaking. */
const MAX_TRIES = 40;

/** Refuses what cannot be stored, and makes sure of collections before any transaction begins. */
export async function prepareTypes(scope: Scope, changes: readonly Change[]): Promise<void> {
  const types = [...new Set(changes.map(typeOf))];
  for (const type of types) {
    if (!isResourceType(type) || NEVER_STORED.has(type)) {
      throw new ProblemError('not-found', `Resources of type ${type} cannot be stored.`);
    }
  }
  await Promise.all(types.map((type) => scope.connection.prepare(type)));
}

/** Changes that have met what is stored: each can be planned, and planned again with other content. */
export interface Met {
  planned: Planned[];
  /** Plans a change of the same document anew. */
  replan(change: Change): Planned;
}

/**
 * Reads what the changes meet and plans them. Each document occurs once in the list.
 * @throws ProblemError as `planChange`.
 */
export async function meet(
  scope: Scope,
  settings: CommitSettings,
  changes: readonly Change[],
  context: WriteContext,
): Promise<Met> {
  const { previous, hidden } = await loadPrevious(scope, changes, context);
  const plan = { viewer: context.viewer, hidden, now: settings.clock(), newId: settings.newId };
  const replan = (change: Change): Planned => planChange(change, previous.get(keyOf(change)), plan);
  return { planned: changes.map(replan), replan };
}

/** A commit, worked out and not yet written. */
export interface Prepared {
  writes: Write[];
  grants: Grants;
  committed: Committed[];
  /** Audit entries of changes that write nothing. */
  loose: OutboxEvent[];
}

/** Makes the documents of planned changes, with their access, index and events. */
export async function prepare(
  scope: Scope,
  planned: readonly Planned[],
  context: WriteContext,
): Promise<Prepared> {
  const holders = await holdersOf(scope, planned, context.viewer);
  const writeOf: (Write | undefined)[] = [];
  for (const [i, one] of planned.entries()) {
    const access = accessOf(one.type, holders.practices[i] ?? []);
    writeOf.push(one.next === undefined ? undefined : makeWrite(one, one.next, access, context));
    // A large bundle must not keep other requests waiting while it is indexed.
    if (i % INDEXED_AT_A_STRETCH === INDEXED_AT_A_STRETCH - 1) await setImmediate();
  }
  const committed = planned.map((one, i) => committedOf(one, writeOf[i]?.document ?? one.previous));
  const loose: OutboxEvent[] = [];
  for (const { change, draft } of context.audit?.(committed) ?? []) {
    (writeOf[change]?.events ?? loose).push({ id: draftId(draft), kind: 'audit', draft });
  }
  return { writes: writeOf.filter((write) => write !== undefined), grants: holders.grants, committed, loose };
}

function makeWrite(planned: Planned, next: NextVersion, access: string[], context: WriteContext): Write {
  return {
    type: planned.type,
    previous: planned.previous,
    document: documentOf(planned, next, access, context),
    events: [changeEvent(planned, next, context)],
  };
}

/** An audit entry keeps its own id, so that recording it twice is recording it once. */
export function draftId(draft: object): string {
  return 'id' in draft && typeof draft.id === 'string' ? draft.id : randomUUID();
}

export function keyOf(change: Change): string {
  return `${typeOf(change)}/${idOf(change) ?? ''}`;
}

async function loadPrevious(
  scope: Scope,
  changes: readonly Change[],
  context: WriteContext,
): Promise<{ previous: Map<string, RecordDocument>; hidden: ReadonlySet<string> }> {
  const wanted = new Map<ResourceType, Set<string>>();
  for (const change of changes) {
    const id = idOf(change);
    if (change.kind !== 'create' && id !== undefined) addId(wanted, typeOf(change), id);
  }
  if (wanted.size === 0) return { previous: new Map(), hidden: new Set() };
  const found = await findByIds(scope, wanted, WITHOUT_INDEX);
  const previous = new Map(found.map(({ type, document }) => [`${type}/${document._id}`, document]));
  const rows = found.map(({ type, document }) => ({ type, id: document._id }));
  return { previous, hidden: await hiddenRows(scope, context.viewer, rows) };
}

/**
 * Commits one change as one document write. Overtaken by another writer, it looks again at what is there now.
 * @returns undefined when the change opens other documents too and needs a transaction.
 * @throws ProblemError as `planChange`; 409 when it is overtaken too often or the id of a create is taken.
 */
export async function commitOne(
  scope: Scope,
  settings: CommitSettings,
  change: Change,
  context: WriteContext,
): Promise<Committed[] | undefined> {
  const end = change.kind === 'create' ? undefined : await settings.turns.take(keyOf(change));
  try {
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const { planned } = await meet(scope, settings, [change], context);
      const prepared = await prepare(scope, planned, context);
      if ((await missingGrants(scope, prepared.grants, context.viewer)).size > 0) return undefined;
      if (await writePrepared(scope, prepared)) return prepared.committed;
      if (change.kind === 'create') throw new ProblemError('conflict', 'The id is taken.');
      await pause(tries);
    }
    throw raceLost();
  } finally {
    end?.();
  }
}

async function writePrepared(scope: Scope, prepared: Prepared): Promise<boolean> {
  const { local } = scope.connection;
  const [write] = prepared.writes;
  if (write !== undefined) {
    const claim = local.claim(1);
    if (!(await writeOne(scope, write, claim))) return false;
    const taken = relayable([write], claim);
    local.committed(taken, taken.length > 0 ? [] : [write.type]);
  } else if (prepared.loose.length > 0) {
    await writeLoose(scope, prepared.loose);
    local.committed([], ['outbox']);
  }
  return true;
}
