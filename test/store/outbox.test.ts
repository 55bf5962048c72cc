import type { Patient } from '@medplum/fhirtypes';
import {
  type ChangeVersions,
  clearEvents,
  createRelay,
  leaseEvents,
  type OutboxEvent,
  type Relay,
  type RelayHandlers,
} from '../../src/store';
import { as, patient, testStore, type TestStore } from './support';

let it_: TestStore;
const relays: Relay[] = [];
beforeEach(async () => {
  it_ = await testStore();
});
afterEach(async () => {
  await Promise.all(relays.splice(0).map((relay) => relay.stop()));
  await it_.close();
});

type Seen = { id: string; event: OutboxEvent; versions: ChangeVersions };

/** Handlers that note what they are given, after what `before` does. */
function noting(
  before: (seen: Seen) => Promise<void> = async () => undefined,
): RelayHandlers & { changes: Seen[]; drafts: object[] } {
  const changes: Seen[] = [];
  const drafts: object[] = [];
  return {
    changes,
    drafts,
    audit: async (list) => {
      drafts.push(...list);
    },
    change: async (event, versions) => {
      const seen = { id: versions.current.id, event, versions };
      await before(seen);
      changes.push(seen);
    },
  };
}

function relay(handlers: RelayHandlers, connection = it_.connection): Relay {
  const made = createRelay({ connection, handlers, sweepMs: 50, leaseMs: 500 });
  relays.push(made);
  return made;
}

const put = (id: string, family: string): Promise<unknown> =>
  it_.store.commit([{ kind: 'put', resource: { ...patient(family), id } }], as());

const versionsOf = (changes: readonly Seen[], id: string): (number | undefined)[] =>
  changes.filter((seen) => seen.id === id).map(({ versions }) => versions.current.version);

async function until(isDone: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 10));
}

const waiting = (type: 'Patient' = 'Patient'): Promise<number> =>
  it_.connection.records(type).countDocuments({ due: { $exists: true } });

test('what this process commits is delivered with both versions, in order, and cleared', async () => {
  const handlers = noting();
  relay(handlers);
  for (let i = 1; i <= 20; i++) await put('p', `V${i}`);
  await it_.store.commit([{ kind: 'delete', type: 'Patient', id: 'p' }], as());
  await until(() => handlers.changes.length >= 21);
  await until(async () => (await waiting()) === 0);
  expect(versionsOf(handlers.changes, 'p')).toEqual(Array.from({ length: 21 }, (_, i) => i + 1));
  const { event, versions } = handlers.changes[1] as Seen;
  expect(event).toMatchObject({
    kind: 'change',
    interaction: 'update',
    version: 2,
    previousVersion: 1,
    requestId: 'request-1',
  });
  expect((versions.previous?.resource as Patient).name).toEqual([{ family: 'V1' }]);
  expect((versions.current.resource as Patient).name).toEqual([{ family: 'V2' }]);
  expect(handlers.changes[20]).toMatchObject({
    event: { interaction: 'delete' },
    versions: { current: { deleted: true } },
  });
});

test('events written while no relay runs wait, several versions of one resource in order', async () => {
  for (let i = 1; i <= 5; i++) await put('p', `V${i}`);
  const handlers = noting();
  relay(handlers);
  await until(() => handlers.changes.length >= 5);
  expect(versionsOf(handlers.changes, 'p')).toEqual([1, 2, 3, 4, 5]);
  const pairs = handlers.changes.map(({ versions }) => [
    (versions.previous?.resource as Patient | undefined)?.name?.[0]?.family,
    (versions.current.resource as Patient).name?.[0]?.family,
  ]);
  expect(pairs).toEqual([
    [undefined, 'V1'],
    ['V1', 'V2'],
    ['V2', 'V3'],
    ['V3', 'V4'],
    ['V4', 'V5'],
  ]);
});

test('audit entries come from the documents, also from writes that change nothing', async () => {
  const handlers = noting();
  relay(handlers);
  const audit = (id: string) => () => [{ change: 0, draft: { id, at: new Date() } }];
  const change = { kind: 'put' as const, resource: { ...patient('Same'), id: 'audited' } };
  await it_.store.commit([change], as({}, { audit: audit('draft-1') }));
  await it_.store.commit([change], as({}, { audit: audit('draft-2') }));
  const both = [change, { kind: 'delete' as const, type: 'Patient' as const, id: 'audited' }];
  await it_.store.commit(
    both,
    as({}, { audit: (done) => done.map(({ outcome }, i) => ({ change: i, draft: { id: outcome } })) }),
  );
  await until(() => handlers.drafts.length >= 4);
  const ids = handlers.drafts.map((draft) => (draft as { id: string }).id);
  expect(ids.sort()).toEqual(['deleted', 'draft-1', 'draft-2', 'none']);
  await until(async () => (await it_.connection.outbox.countDocuments()) === 0);
});

test('a handler that fails gets the same event again, and the events behind it wait', async () => {
  let failures = 2;
  const handlers = noting(async () => {
    if (failures-- > 0) throw new Error('not now');
  });
  relay(handlers);
  await put('p', 'V1');
  await put('p', 'V2');
  await until(() => new Set(versionsOf(handlers.changes, 'p')).size >= 2);
  expect([...new Set(versionsOf(handlers.changes, 'p'))]).toEqual([1, 2]);
});

test('what a relay died with is taken over when its lease runs out', async () => {
  const other = await it_.another();
  // Takes events and never finishes, like a process that is gone.
  const dead = createRelay({
    connection: other.connection,
    handlers: { audit: () => new Promise(() => undefined), change: () => new Promise(() => undefined) },
    sweepMs: 20,
    leaseMs: 100,
  });
  await other.store.commit([{ kind: 'create', id: 'orphan', resource: patient('Orphan') }], as());
  const handlers = noting();
  relay(handlers);
  await until(() => handlers.changes.length >= 1);
  expect(handlers.changes[0]).toMatchObject({ id: 'orphan' });
  expect(dead).toBeDefined();
});

test('two relays share the work: three hundred changes, each delivered, none out of order', async () => {
  const other = await it_.another();
  const changes = Array.from({ length: 300 }, (_, i) => ({
    kind: 'create' as const,
    id: `many-${i}`,
    resource: patient(`Many${i}`),
  }));
  await it_.store.commit(changes, as());
  for (let i = 0; i < 5; i++) await put('many-0', `Again${i}`);
  const [one, two] = [noting(), noting()];
  relay(one);
  relay(two, other.connection);
  await until(async () => (await waiting()) === 0);
  const all = [...one.changes, ...two.changes];
  expect(new Set(all.map(({ id }) => id)).size).toBe(300);
  expect(new Set(all.map(({ event }) => event.id)).size).toBe(305);
  for (const handlers of [one, two]) {
    const versions = versionsOf(handlers.changes, 'many-0');
    expect(versions).toEqual([...versions].sort((a = 0, b = 0) => a - b));
  }
});

test('clearing leaves events that were pushed behind the leased ones', async () => {
  await put('p', 'V1');
  const options = { owner: 'test', limit: 10, leaseMs: 60_000 };
  const leased = await leaseEvents(it_.connection, 'Patient', options);
  expect(await leaseEvents(it_.connection, 'Patient', options)).toEqual([]);
  await put('p', 'V2');
  expect(await leaseEvents(it_.connection, 'Patient', options)).toEqual([]);
  expect(await clearEvents(it_.connection, leased)).toBe(true);
  const [rest] = await leaseEvents(it_.connection, 'Patient', options);
  expect(rest?.events.map((event) => event.kind === 'change' && event.version)).toEqual([2]);
  expect(await clearEvents(it_.connection, rest === undefined ? [] : [rest])).toBe(false);
  expect(await waiting()).toBe(0);
});

test('what is committed together is leased for as long as its turn may take', async () => {
  let deliver = (): void => undefined;
  const held = new Promise<void>((resolve) => (deliver = resolve));
  const handlers = noting(() => held);
  relay(handlers);
  const begun = Date.now();
  const many = Array.from({ length: 400 }, (_, i) => ({ ...patient('Many'), id: `many-${i}` }));
  await it_.store.commit(
    many.map((resource) => ({ kind: 'put', resource })),
    as(),
  );
  const [last] = await it_.connection.records('Patient').find().sort({ due: -1 }).limit(1).toArray();
  // Two batches: the lease of one document, and two more.
  expect((last?.due?.getTime() ?? 0) - begun).toBeGreaterThanOrEqual(3 * 500);
  deliver();
  await until(async () => (await waiting()) === 0);
  expect(handlers.changes).toHaveLength(400);
});
