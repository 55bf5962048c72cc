import type { Observation, Patient } from '@medplum/fhirtypes';
import { parseFhirJson, stringifyFhirJson } from '../../src/fhir';
import { EVERYTHING } from '../../src/store';
import { as, content, patient, testStore, type TestStore } from './support';

let it_: TestStore;
beforeAll(async () => {
  it_ = await testStore();
});
afterAll(() => it_.close());

const commit: TestStore['store']['commit'] = (changes, context) => it_.store.commit(changes, context);

describe('one resource', () => {
  test('is created with a UUID, version 1 and the time of the commit, and reads back as it was written', async () => {
    const [made] = await commit(
      [{ kind: 'create', resource: patient('Rivera', { birthDate: '1990-02-03' }) }],
      as(),
    );
    expect(made).toMatchObject({ outcome: 'created', version: 1, deleted: false, type: 'Patient' });
    expect(made?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const found = await it_.store.read(EVERYTHING, 'Patient', made?.id ?? '');
    expect(found?.resource).toEqual(made?.resource);
    expect(found?.resource.meta).toEqual({ versionId: '1', lastUpdated: found?.lastUpdated.toISOString() });
    expect(found?.author).toEqual({ id: 'Device/test', name: 'Test', kind: 'system' });
  });

  test('keeps decimals as they were written', async () => {
    const text =
      '{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.10},' +
      '"referenceRange":[{"low":{"value":1.0}}]}';
    const [made] = await commit([{ kind: 'create', resource: parseFhirJson(text) }], as());
    const found = await it_.store.read<Observation>(EVERYTHING, 'Observation', made?.id ?? '');
    expect(stringifyFhirJson(found?.resource.valueQuantity)).toBe('{"value":1.10}');
    const same = parseFhirJson(text.replace('"Observation"', `"Observation","id":"${made?.id ?? ''}"`));
    const more = parseFhirJson(stringifyFhirJson(same).replace('1.10', '1.100'));
    const { valueQuantity, ...rest } = same as Observation;
    expect(await put(same)).toMatchObject({ outcome: 'none', version: 1 });
    expect(await put({ ...rest, valueQuantity })).toMatchObject({ outcome: 'none', version: 1 });
    expect(await put(more)).toMatchObject({ outcome: 'updated', version: 2 });
  });

  async function put(resource: object, ifVersion?: number): Promise<unknown> {
    const condition = ifVersion === undefined ? {} : { ifVersion };
    const [done] = await commit(
      [{ kind: 'put', resource: resource as Patient & { id: string }, ...condition }],
      as(),
    );
    return done;
  }

  test('is updated, found identical, deleted and brought back', async () => {
    const id = 'life-1';
    expect(await put(patient('One', { id }))).toMatchObject({ outcome: 'created', version: 1 });
    expect(await put(patient('Two', { id }))).toMatchObject({
      outcome: 'updated',
      version: 2,
      previousVersion: 1,
    });
    expect(await put({ name: [{ family: 'Two' }], id, resourceType: 'Patient' })).toMatchObject({
      outcome: 'none',
      version: 2,
    });
    const [gone] = await commit([{ kind: 'delete', type: 'Patient', id }], as());
    expect(gone).toMatchObject({ outcome: 'deleted', version: 3, deleted: true });
    expect(gone?.resource).toEqual({
      resourceType: 'Patient',
      id,
      meta: expect.objectContaining({ versionId: '3' }),
    });
    const [again] = await commit([{ kind: 'delete', type: 'Patient', id }], as());
    expect(again).toMatchObject({ outcome: 'none', version: 3 });
    expect(await put(patient('Two', { id }))).toMatchObject({
      outcome: 'created',
      version: 4,
      deleted: false,
    });
    const history = await it_.store.history(EVERYTHING, { type: 'Patient', id, count: 10 });
    expect(history.versions.map((version) => [version.version, version.interaction])).toEqual([
      [4, 'create'],
      [3, 'delete'],
      [2, 'update'],
      [1, 'create'],
    ]);
    expect(content(history.versions[3]?.resource as Patient)).toEqual(patient('One', { id }));
  });

  test('that never was is deleted without trace', async () => {
    const [done] = await commit([{ kind: 'delete', type: 'Patient', id: 'never' }], as());
    expect(done).toMatchObject({ outcome: 'none', version: 0 });
    expect(await it_.store.read(EVERYTHING, 'Patient', 'never')).toBeUndefined();
  });

  test('is written only over the version named', async () => {
    const id = 'match-1';
    await expect(put(patient('A', { id }), 1)).rejects.toMatchObject({ status: 412 });
    await put(patient('A', { id }), 0);
    await expect(put(patient('B', { id }), 0)).rejects.toMatchObject({ status: 412 });
    await put(patient('B', { id }), 1);
    await expect(put(patient('C', { id }), 1)).rejects.toMatchObject({ status: 412 });
    await expect(commit([{ kind: 'delete', type: 'Patient', id, ifVersion: 1 }], as())).rejects.toMatchObject(
      { status: 412 },
    );
    expect((await it_.store.read<Patient>(EVERYTHING, 'Patient', id))?.resource.name).toEqual([
      { family: 'B' },
    ]);
  });

  test.each([
    ['an impossible id', { kind: 'put', resource: patient('X', { id: 'a/b' }) }, 400],
    ['a type that is never stored', { kind: 'create', resource: { resourceType: 'Parameters' } }, 404],
    ['a type that does not exist', { kind: 'create', resource: { resourceType: 'system.users' } }, 404],
    ['an id that is taken', { kind: 'create', id: 'taken', resource: patient('X') }, 409],
    ['more than a document holds', { kind: 'create', resource: patient('x'.repeat(17_000_000)) }, 413],
  ] as const)('is refused with %s', async (_name, change, status) => {
    await put(patient('Taken', { id: 'taken' }));
    await expect(commit([change as never], as())).rejects.toMatchObject({ name: 'ProblemError', status });
  });
});

describe('at the same moment', () => {
  test('fifty updates of one resource from two processes make fifty versions, and lose none', async () => {
    const other = await it_.another();
    const id = 'busy';
    const families = Array.from({ length: 50 }, (_, i) => `Family${i}`);
    const done = await Promise.all(
      families.map((family, i) =>
        (i % 2 === 0 ? it_ : other).store.commit(
          [{ kind: 'put', resource: { ...patient(family), id } }],
          as(),
        ),
      ),
    );
    expect(done.map(([one]) => one?.version).sort((a = 0, b = 0) => a - b)).toEqual(
      families.map((_, i) => i + 1),
    );
    const { versions } = await it_.store.history(EVERYTHING, { type: 'Patient', id, count: 100 });
    const kept = versions.map((version) => (version.resource as Patient).name?.[0]?.family);
    expect(kept.sort()).toEqual([...families].sort());
    const times = versions.map((version) => version.lastUpdated.getTime());
    expect(new Set(times).size).toBe(50);
    expect([...times].sort((a, b) => b - a)).toEqual(times);
  });

  test('of ten updates that name one version, one is written', async () => {
    await commit([{ kind: 'create', id: 'race', resource: patient('First') }], as());
    const tries = Array.from({ length: 10 }, (_, i) =>
      commit([{ kind: 'put', resource: { ...patient(`Try${i}`), id: 'race' }, ifVersion: 1 }], as()),
    );
    const results = await Promise.allSettled(tries);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const refused = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as object] : [],
    );
    expect(refused).toEqual(Array.from({ length: 9 }, () => expect.objectContaining({ status: 412 })));
  });

  test('first writes of a new type do not get in each other’s way', async () => {
    const made = await Promise.all(
      Array.from({ length: 20 }, () =>
        commit([{ kind: 'create', resource: { resourceType: 'Flag' } as never }], as()),
      ),
    );
    expect(made).toHaveLength(20);
  });
});
