import type { Patient } from '@medplum/fhirtypes';
import * as fc from 'fast-check';
import { type Change, EVERYTHING } from '../../src/store';
import { as, patient, testStore, type TestStore } from './support';

let it_: TestStore;
beforeAll(async () => {
  it_ = await testStore();
});
afterAll(() => it_.close());

const PRACTICES = [undefined, 'practice-a', 'practice-b'] as const;

interface Step {
  kind: 'put' | 'delete';
  family: string;
  writer: (typeof PRACTICES)[number];
  ifVersion: number | undefined;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('put', 'put', 'put', 'delete'),
  family: fc.constantFrom('A', 'B'),
  writer: fc.constantFrom(...PRACTICES),
  ifVersion: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined, freq: 3 }),
});

/** What a resource should be: its versions (family, or null when deleted) and who holds it. */
interface Model {
  versions: (string | null)[];
  holders: Set<string>;
}

type Expected = { status: number } | { outcome: string; version: number };

/** The rules of plan.ts in the fewest words. */
function expected(model: Model, { kind, family, writer, ifVersion }: Step): Expected {
  const isSeen = writer === undefined || model.holders.has(writer);
  const version = model.versions.length;
  const present = model.versions.at(-1);
  if (version > 0 && !isSeen && kind === 'put') return { status: 404 };
  const seen = isSeen ? version : 0;
  const isThere = typeof present === 'string';
  if (kind === 'put' && ifVersion === 0 && isThere) return { status: 412 };
  if (ifVersion !== undefined && (ifVersion > 0 || kind === 'delete') && ifVersion !== seen)
    return { status: 412 };
  if (kind === 'delete' && (seen === 0 || !isThere)) return { outcome: 'none', version: seen };
  if (kind === 'put' && present === family) return { outcome: 'none', version };
  model.versions.push(kind === 'put' ? family : null);
  if (writer !== undefined) model.holders.add(writer);
  const outcome = kind === 'delete' ? 'deleted' : isThere ? 'updated' : 'created';
  return { outcome, version: version + 1 };
}

let runs = 0;

test('any sequence of writes by anybody does what the model does, and leaves its history', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.boolean(), async (steps, inTransaction) => {
      const id = `run-${runs++}`;
      const model: Model = { versions: [], holders: new Set() };
      for (const one of steps) {
        const condition = one.ifVersion === undefined ? {} : { ifVersion: one.ifVersion };
        const change: Change =
          one.kind === 'put'
            ? { kind: 'put', resource: { ...patient(one.family), id }, ...condition }
            : { kind: 'delete', type: 'Patient', id, ...condition };
        const wanted = expected(model, one);
        const done = inTransaction
          ? it_.store.transaction((tx) => tx.commit([change], as(one.writer)))
          : it_.store.commit([change], as(one.writer));
        if ('status' in wanted) await expect(done).rejects.toMatchObject(wanted);
        else await expect(done).resolves.toMatchObject([wanted]);
      }
      const { versions } = await it_.store.history(EVERYTHING, { type: 'Patient', id, count: 100 });
      const families = versions.map(({ deleted, resource }) =>
        deleted ? null : (resource as Patient).name?.[0]?.family,
      );
      expect(families.reverse()).toEqual(model.versions);
      for (const practice of ['practice-a', 'practice-b']) {
        const found = await it_.store.read({ practice }, 'Patient', id);
        expect(found !== undefined).toBe(model.holders.has(practice));
      }
    }),
    { numRuns: 40 },
  );
});
