import type { Patient, ServiceRequest } from '@medplum/fhirtypes';
import { ProblemError } from '../../src/fhir';
import { type Change, EVERYTHING, sessionOf, type WriteRule } from '../../src/store';
import { as, patient, testStore, type TestStore } from './support';

const closed: WriteRule = {
  type: 'Encounter',
  apply: async ({ previous, next }) => {
    if (previous !== undefined && next === undefined) throw new ProblemError('conflict', 'Encounters stay.');
    return [];
  },
};

/** A request gets its number, and a Task beside it that carries the same note. */
const numbered: WriteRule = {
  type: 'ServiceRequest',
  apply: async ({ previous, next, commit }) => {
    if (previous !== undefined || next?.resourceType !== 'ServiceRequest') return [];
    const id = next.id ?? '';
    const numberedRequest = { ...next, id, identifier: [{ value: `${commit.length} changes` }] };
    const task = {
      resourceType: 'Task',
      status: 'requested',
      intent: 'order',
      focus: { reference: `ServiceRequest/${id}` },
    };
    return [
      { kind: 'put', resource: numberedRequest },
      { kind: 'create', id: `task-${id}`, resource: task as never },
    ];
  },
};

let it_: TestStore;
beforeAll(async () => {
  it_ = await testStore({ rules: [closed, numbered] });
});
afterAll(() => it_.close());

const families = async (ids: string[]): Promise<(string | undefined)[]> => {
  const found = await it_.store.readMany(
    EVERYTHING,
    ids.map((id) => ({ type: 'Patient' as const, id })),
  );
  return found.map((version) => (version.resource as Patient).name?.[0]?.family);
};

describe('several changes', () => {
  test('become true together, in the order of the list', async () => {
    const changes: Change[] = [
      { kind: 'create', id: 'a', resource: patient('A') },
      { kind: 'create', id: 'b', resource: patient('B') },
      { kind: 'put', resource: { ...patient('A2'), id: 'a' } },
      { kind: 'delete', type: 'Patient', id: 'b' },
    ];
    const done = await it_.store.commit(changes, as());
    expect(done.map(({ outcome, version }) => [outcome, version])).toEqual([
      ['created', 1],
      ['created', 1],
      ['updated', 2],
      ['deleted', 2],
    ]);
    expect(await families(['a', 'b'])).toEqual(['A2']);
    expect((await it_.store.readVersion(EVERYTHING, 'Patient', 'b', 1))?.resource).toMatchObject({
      name: [{ family: 'B' }],
    });
  });

  test('leave nothing when one of them is refused', async () => {
    const changes: Change[] = [
      { kind: 'create', id: 'c', resource: patient('C') },
      { kind: 'put', resource: { ...patient('X'), id: 'c-unknown' }, ifVersion: 7 },
    ];
    await expect(it_.store.commit(changes, as())).rejects.toMatchObject({ status: 412 });
    const taken: Change[] = [changes[0] as Change, { kind: 'create', id: 'a', resource: patient('X') }];
    await expect(it_.store.commit(taken, as())).rejects.toMatchObject({ status: 409 });
    expect(await it_.store.read(EVERYTHING, 'Patient', 'c')).toBeUndefined();
    expect((await it_.store.history(EVERYTHING, { type: 'Patient', id: 'c', count: 5 })).versions).toEqual(
      [],
    );
  });

  test('of five hundred resources are one transaction', async () => {
    const changes: Change[] = Array.from({ length: 500 }, (_, i) => ({
      kind: 'create',
      id: `bulk-${i}`,
      resource: patient(`Bulk${i}`),
    }));
    const done = await it_.store.commit(changes, as());
    expect(done.every(({ outcome }) => outcome === 'created')).toBe(true);
    const again = await it_.store.commit(
      changes.map((_, i) => ({ kind: 'put', resource: { ...patient(`Next${i}`), id: `bulk-${i}` } })),
      as(),
    );
    expect(again.every(({ version }) => version === 2)).toBe(true);
    expect(await families(['bulk-0', 'bulk-499'])).toEqual(['Next0', 'Next499']);
    expect(
      (await it_.store.history(EVERYTHING, { type: 'Patient', id: 'bulk-499', count: 5 })).versions,
    ).toHaveLength(2);
  }, 60_000);
});

describe('a transaction', () => {
  test('sees its own writes, and nobody else does until it is committed', async () => {
    await it_.store.transaction(async (tx) => {
      await tx.commit([{ kind: 'create', id: 'own', resource: patient('Own') }], as());
      expect((await tx.read(EVERYTHING, 'Patient', 'own'))?.version).toBe(1);
      expect(await it_.store.read(EVERYTHING, 'Patient', 'own')).toBeUndefined();
      await tx.commit([{ kind: 'put', resource: { ...patient('Own2'), id: 'own' } }], as());
      expect((await tx.history(EVERYTHING, { type: 'Patient', id: 'own', count: 5 })).versions).toHaveLength(
        2,
      );
    });
    expect(await families(['own'])).toEqual(['Own2']);
  });

  test('that fails leaves nothing, not even in a collection of a service’s own', async () => {
    const notes = it_.connection.collection<{ _id: string }>('test_notes');
    await notes.insertOne({ _id: 'first' });
    const failing = it_.store.transaction(async (tx) => {
      await tx.commit([{ kind: 'create', id: 'half', resource: patient('Half') }], as());
      await notes.insertOne({ _id: 'half' }, { session: sessionOf(tx) });
      throw new ProblemError('invalid', 'No.');
    });
    await expect(failing).rejects.toMatchObject({ status: 422 });
    expect(await it_.store.read(EVERYTHING, 'Patient', 'half')).toBeUndefined();
    expect(await notes.countDocuments()).toBe(1);
  });

  test('counts right under contention: read, add, write', async () => {
    const other = await it_.another();
    await it_.store.commit([{ kind: 'create', id: 'counter', resource: patient('0') }], as());
    await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 === 0 ? it_ : other).store.transaction(async (tx) => {
          const found = await tx.read<Patient>(EVERYTHING, 'Patient', 'counter');
          const value = Number(found?.resource.name?.[0]?.family) + 1;
          await tx.commit([{ kind: 'put', resource: { ...patient(String(value)), id: 'counter' } }], as());
        }),
      ),
    );
    expect(await families(['counter'])).toEqual(['20']);
  });

  test('that updates into being what another has just made sees it in its next try', async () => {
    const other = await it_.another();
    const done = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        (i % 2 === 0 ? it_ : other).store.commit(
          [
            { kind: 'put', resource: { ...patient(`Shared${i}`), id: 'shared' } },
            { kind: 'put', resource: { ...patient(`Own${i}`), id: `own-${i}` } },
          ],
          as(),
        ),
      ),
    );
    expect(done.map(([one]) => one?.version).sort((a = 0, b = 0) => a - b)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
  });

  test('that names keys of another, in whatever order, waits for it: ten find-or-creates make one', async () => {
    const other = await it_.another();
    const ids = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        (i % 2 === 0 ? it_ : other).store.transaction(async (tx) => {
          await tx.lock(...(i % 3 === 0 ? ['client-7', 'born 1950'] : ['born 1950', 'client-7']));
          const found = await tx.read(EVERYTHING, 'Patient', 'client-7');
          if (found !== undefined) return found.version;
          const [made] = await tx.commit(
            [{ kind: 'create', id: 'client-7', resource: patient('Seven') }],
            as(),
          );
          return made?.outcome;
        }),
      ),
    );
    expect(ids.filter((id) => id === 'created')).toHaveLength(1);
  });
});

describe('a mark', () => {
  test('is counted once in each transaction that commits, by several at the same time', async () => {
    const other = await it_.another();
    const before = await it_.store.marks('directory');
    await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        (i % 2 === 0 ? it_ : other).store.transaction(async (tx) => {
          await tx.mark('directory');
          await tx.mark('directory');
          await tx.commit([{ kind: 'create', resource: patient('Marked') }], as());
        }),
      ),
    );
    await expect(
      it_.store.transaction(async (tx) => {
        await tx.mark('directory');
        throw new Error('changed its mind');
      }),
    ).rejects.toThrow();
    expect(await it_.store.marks('directory')).toBe(before + 10);
    expect(await other.store.marks('directory')).toBe(before + 10);
  });
});

describe('a rule', () => {
  test('refuses a change, and the whole list with it', async () => {
    const encounter = { resourceType: 'Encounter', id: 'stay', status: 'planned', class: { code: 'AMB' } };
    await it_.store.commit([{ kind: 'put', resource: encounter as never }], as());
    const changes: Change[] = [
      { kind: 'create', id: 'beside', resource: patient('Beside') },
      { kind: 'delete', type: 'Encounter', id: 'stay' },
    ];
    await expect(it_.store.commit(changes, as())).rejects.toMatchObject({ status: 409 });
    expect(await it_.store.read(EVERYTHING, 'Patient', 'beside')).toBeUndefined();
  });

  test('amends the change in the same version and adds others to the commit, seen by the writer', async () => {
    const request: ServiceRequest = {
      resourceType: 'ServiceRequest',
      status: 'active',
      intent: 'order',
      subject: { display: 'someone' },
    };
    const done = await it_.store.commit([{ kind: 'create', resource: request }], as('sonora'));
    expect(done).toHaveLength(1);
    expect(done[0]).toMatchObject({ version: 1, resource: { identifier: [{ value: '1 changes' }] } });
    const task = await it_.store.read({ practice: 'sonora' }, 'Task', `task-${done[0]?.id ?? ''}`);
    expect(task?.resource).toMatchObject({ focus: { reference: `ServiceRequest/${done[0]?.id ?? ''}` } });
    expect(await it_.store.read({ practice: 'another' }, 'Task', task?.id ?? '')).toBeUndefined();
  });
});

test('sequences give each number once', async () => {
  const other = await it_.another();
  const numbers = await Promise.all(
    Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? it_ : other).store.nextNumber('orders-2026')),
  );
  expect(new Set(numbers).size).toBe(40);
  expect(Math.max(...numbers)).toBe(40);
});
