import type { Resource, ResourceType, Subscription } from '@medplum/fhirtypes';
import { serverContext } from '../../src/house';
import type { RecordChange } from '../../src/notify';
import { compileSubscription } from '../../src/notify/subscriptions/compile';
import { listenerOf } from '../../src/notify/subscriptions/listener';
import { ListenerIndex } from '../../src/notify/subscriptions/listeners';
import { createRegistry } from '../../src/notify/subscriptions/registry';
import { parseSearch } from '../../src/search';
import { EVERYTHING, type Store, type StoredVersion } from '../../src/store';
import { testHouse, type TestHouse } from '../support/house';

/** The index of criteria finds exactly those that the search itself would: the database is the judge. */
let test: TestHouse;
beforeAll(async () => {
  test = await testHouse();
});
afterAll(() => test.close());

type Stored = Resource & { id: string };

const RESOURCES = [
  { resourceType: 'Organization', id: 'acme', name: 'Acme' },
  {
    ...{ resourceType: 'Patient', id: 'ana', gender: 'female', birthDate: '1990-05-01', active: true },
    ...{
      name: [{ family: 'Quintero', given: ['Ana'] }],
      managingOrganization: { reference: 'Organization/acme' },
    },
  },
  { resourceType: 'Patient', id: 'ben', gender: 'male', birthDate: '1950-01-01', name: [{ family: 'Quin' }] },
  { resourceType: 'Patient', id: 'nobody' },
  {
    ...{ resourceType: 'Condition', id: 'one', subject: { reference: 'Patient/ana' } },
    code: {
      coding: [{ system: 'http://hl7.org/fhir/sid/icd-10-cm', code: 'L20.9' }],
      text: 'Atopic dermatitis',
    },
  },
  { resourceType: 'Condition', id: 'two', subject: { reference: 'Patient/ben' }, code: { text: 'Acne' } },
  {
    resourceType: 'List',
    id: 'mine',
    status: 'current',
    mode: 'working',
    entry: [{ item: { reference: 'Patient/ben' } }],
  },
] as unknown as Stored[];

const CRITERIA = [
  'Patient?',
  'Patient?active=true',
  'Patient?family=quin',
  'Patient?family:exact=Quin',
  'Patient?family:contains=inte',
  'Patient?family=quin,other',
  'Patient?family=quin&gender=male',
  'Patient?gender:not=male',
  'Patient?gender:missing=true',
  'Patient?birthdate=gt1980',
  'Patient?birthdate=le1990-05-01&family=Q',
  'Patient?organization=Organization/acme',
  'Patient?organization.name=acm',
  'Patient?organization:missing=true',
  'Patient?_id=ana,nobody',
  'Patient?_list=mine',
  'Patient?_has:Condition:subject:code=L20.9',
  'Patient?_has:Condition:subject:code:text=acn&gender=male',
  'Patient?_has:Condition:subject:code:not=L20.9',
  'Patient?_filter=family sw "quin" and not (gender eq male)',
  'Condition?subject=Patient/ana',
  'Condition?subject:Patient.family=quin',
  'Condition?subject:Patient.family=quintero&code=http://hl7.org/fhir/sid/icd-10-cm|L20.9',
  'Condition?subject:Patient.organization.name=Acme',
  'Condition?patient.gender=male,female',
  'Condition?subject:Patient._has:Condition:subject:code=L20.9',
  'Condition?code:text=acne',
  'Condition?code:in=http://hl7.org/fhir/ValueSet/condition-code',
];

function listening(store: Store): ListenerIndex {
  const index = new ListenerIndex(store, () => Promise.resolve(EVERYTHING));
  const known = CRITERIA.filter((criteria) => parses(criteria));
  for (const criteria of known) {
    const channel = { type: 'rest-hook' as const, endpoint: 'https://example.org' };
    const resource: Subscription = {
      resourceType: 'Subscription',
      status: 'active',
      reason: 'test',
      criteria,
      channel,
    };
    const stored = {
      type: 'Subscription',
      id: criteria,
      version: 1,
      lastUpdated: new Date(),
      deleted: false,
      resource,
      access: [],
    };
    const listener = listenerOf(
      compileSubscription(stored as unknown as StoredVersion<Subscription>, undefined),
      [],
    );
    if (listener !== undefined) index.put(listener);
  }
  return index;
}

function parses(criteria: string): boolean {
  const [type = '', query = ''] = criteria.split(/\?(.*)/s);
  parseSearch(type as ResourceType, query);
  return true;
}

function changeOf(current: StoredVersion): RecordChange {
  const author = { id: 'test', name: 'test', kind: 'system' };
  const event = {
    id: 'e',
    kind: 'change' as const,
    interaction: 'create' as const,
    version: 1,
    at: new Date(),
    requestId: 'r',
    author,
  };
  return { event, current, previous: undefined };
}

it('finds the subscriptions whose criteria the search finds the resource by, and no others', async () => {
  const { store } = test.house;
  await store.commit(
    RESOURCES.map((resource) => ({ kind: 'put', resource })),
    serverContext(),
  );
  const index = listening(store);
  for (const { resourceType, id } of RESOURCES.filter((each) =>
    ['Patient', 'Condition'].includes(each.resourceType),
  )) {
    const current = await store.read(EVERYTHING, resourceType, id);
    const expected: string[] = [];
    for (const criteria of CRITERIA) {
      const [type, query = ''] = criteria.split(/\?(.*)/s);
      if (type !== resourceType) continue;
      const { matches } = await store
        .search(EVERYTHING, parseSearch(resourceType, query))
        .catch(() => ({ matches: [] }));
      if (matches.some((match) => match.id === id)) expected.push(criteria);
    }
    const found = await index.matching(changeOf(current as StoredVersion), []);
    expect([resourceType, id, found.map((each) => each.id).sort()]).toEqual([
      resourceType,
      id,
      expected.sort(),
    ]);
  }
  // What is taken away listens no more.
  for (const criteria of CRITERIA) index.remove(criteria);
  const ana = await store.read(EVERYTHING, 'Patient', 'ana');
  expect(await index.matching(changeOf(ana as StoredVersion), [])).toEqual([]);
});

it('reads what several changes look at once for all of them', async () => {
  const { store } = test.house;
  const asked: string[] = [];
  const counting: Store = {
    ...store,
    readMany: (viewer, references) => {
      asked.push(...references.map(({ type, id }) => `${type}/${id}`));
      return store.readMany(viewer, references);
    },
  };
  const changes = RESOURCES.filter(({ resourceType }) => resourceType === 'Condition').flatMap((resource) =>
    Array.from({ length: 60 }, (_, i) => {
      const id = `${resource.id}-${i}`;
      const at = { lastUpdated: new Date(), deleted: false, access: [], version: 1 };
      return changeOf({ type: resource.resourceType, id, resource: { ...resource, id }, ...at });
    }),
  );
  const registry = createRegistry(counting, () => Promise.resolve(EVERYTHING));
  await store.commit(
    CRITERIA.filter((criteria) => criteria.startsWith('Condition?subject')).map((criteria) => ({
      kind: 'create' as const,
      resource: {
        resourceType: 'Subscription' as const,
        status: 'requested' as const,
        reason: 'test',
        criteria,
        channel: { type: 'websocket' as const },
      },
    })),
    serverContext(),
  );
  await registry.refresh();
  const each = await registry.matchingEach(changes);
  const patients = asked.filter((reference) => reference.startsWith('Patient/'));
  expect(patients.length).toBeGreaterThan(0);
  expect(new Set(patients).size).toBe(patients.length);
  for (const [i, change] of changes.entries()) {
    const alone = await registry.matching(change);
    expect(each[i]?.map(({ id }) => id)).toEqual(alone.map(({ id }) => id));
  }
});
