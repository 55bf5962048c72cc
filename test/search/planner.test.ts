/** What the database's planner makes of searches: never a scan of a collection. */
import type { ResourceType } from '@medplum/fhirtypes';
import {
  behind,
  describeParameters,
  orderOf,
  type ParameterDescription,
  parseSearch,
  sortOf,
} from '../../src/search';
import { EVERYTHING, type Viewer } from '../../src/store';
import { type Explanation, explain } from '../../src/store/search';
import { positionOf } from '../../src/store/search/rows';
import { as, type TestStore, testStore } from '../store/support';

const TYPES: ResourceType[] = [
  'Patient',
  'Observation',
  'Encounter',
  'RiskAssessment',
  'ValueSet',
  'Location',
  'MolecularSequence',
];
const VIEWERS: [string, Viewer][] = [
  ['the deployment', EVERYTHING],
  ['a practice', { practice: 'org-a' }],
];

let opened: TestStore;
beforeAll(async () => {
  opened = await testStore();
  for (const resourceType of TYPES) {
    for (let i = 0; i < 4; i++) {
      const resource = { resourceType, id: `r${i}`, status: 'final' } as never;
      await opened.store.commit([{ kind: 'put', resource }], as('org-a'));
    }
  }
});
afterAll(() => opened.close());

const plan = (type: ResourceType, query: string, viewer: Viewer): Promise<Explanation[]> =>
  explain({ connection: opened.connection }, viewer, parseSearch(type, query));

/** A value of each kind of parameter, and its modifiers. */
const VALUES: Record<ParameterDescription['type'], readonly [string, string][]> = {
  token: [
    ['', 'a'],
    ['', 'urn:x|a'],
    ['', 'urn:x|'],
    ['', '|a'],
    ['', 'a,b'],
    [':not', 'a'],
    [':text', 'word'],
  ],
  string: [
    ['', 'ann'],
    [':exact', 'Ann'],
    [':contains', 'nn'],
  ],
  reference: [
    ['', 'Patient/1'],
    ['', '1'],
    ['', 'http://elsewhere.org/Patient/1'],
    [':identifier', 'urn:x|1'],
  ],
  date: ['', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'].map((prefix) => ['', `${prefix}2024-05-01`]),
  number: ['', 'ne', 'gt', 'le', 'ap'].map((prefix) => ['', `${prefix}5.4`]),
  quantity: [
    ['', '5.4'],
    ['', 'gt5.4|http://unitsofmeasure.org|mg'],
    ['', '5.4||mg'],
    ['', '5.4|urn:x'],
  ],
  uri: [
    ['', 'http://a.org/b'],
    [':below', 'http://a.org'],
    [':above', 'http://a.org/b/c'],
  ],
  composite: [],
  special: [],
};

const COMPOSITES: Record<string, string> = {
  'code-value-concept': 'a$b',
  'code-value-date': 'a$ge2024',
  'code-value-quantity': 'a$gt5|http://unitsofmeasure.org|mg',
  'code-value-string': 'a$word',
  'chromosome-variant-coordinate': '1$gt5$lt9',
};

function queriesOf({ name, type, modifiers }: ParameterDescription): string[] {
  const values: [string, string][] =
    name === 'near'
      ? [['', '33|-112|5|km']]
      : type === 'composite'
        ? [['', COMPOSITES[name] ?? '']]
        : [...VALUES[type]];
  const missing: [string, string][] = modifiers.includes('missing')
    ? [
        [':missing', 'true'],
        [':missing', 'false'],
      ]
    : [];
  return [...values, ...missing]
    .filter(([, value]) => value !== '')
    .map(([modifier, value]) => `${name}${modifier}=${value}`);
}

const READ_BY_ITSELF = new Set(['_id', '_text', '_content', '_list', '_filter']);

describe.each(VIEWERS)('for %s', (_, viewer) => {
  test.each(TYPES)('no parameter of %s scans the collection', async (type) => {
    const parameters = describeParameters(type).filter(({ name }) => !READ_BY_ITSELF.has(name));
    const scanned: string[] = [];
    for (const query of parameters.flatMap(queriesOf)) {
      for (const { stages } of await plan(type, query, viewer))
        if (stages.includes('COLLSCAN') || !stages.includes('IXSCAN'))
          scanned.push(`${query}: ${stages.join(' < ')}`);
    }
    expect(scanned).toEqual([]);
  });

  test.each([
    '',
    '_id=r1',
    '_id=r1,r2',
    '_id:not=r1',
    '_text=word',
    '_content=word',
    '_list=l',
    '_filter=name eq "x" or birthdate lt 1990',
    '_sort=name,-birthdate',
    '_sort=-_lastUpdated',
    'organization.name=x',
    '_has:Observation:patient:code=x',
    'name=a&birthdate=ge1990&gender=male',
  ])('nor does Patient?%s', async (query) => {
    for (const { stages } of await plan('Patient', query, viewer)) {
      expect(stages).not.toContain('COLLSCAN');
      expect(stages.some((stage) => ['IXSCAN', 'IDHACK', 'EOF'].includes(stage))).toBe(true);
    }
  });

  test('a declared list is read in its order: nothing is sorted', async () => {
    for (const query of ['_sort=-date', 'patient=Patient/1&_sort=-date', '_sort=date&identifier=urn:x|1']) {
      const [explanation] = await plan('Observation', query, viewer);
      expect([query, explanation?.stages.includes('SORT')]).toEqual([query, query.includes('identifier')]);
    }
  });
});

test('a practice walks its own entries only', async () => {
  for (const query of ['', 'status=final', 'code:missing=true']) {
    const [explanation] = await plan('Observation', query, { practice: 'org-b' });
    expect(JSON.stringify(explanation?.plan)).toMatch(/"indexBounds":\{"index":\["\[\\"@/);
  }
});

/** A page is read from where it begins: what lies before it costs nothing. */
test('the pages of a sorted search look at no more rows than they show', async () => {
  const some = Array.from({ length: 400 }, (_, i) => ({
    ...{ resourceType: 'Patient' as const, id: `paged-${i}` },
    ...(i % 10 === 0 ? {} : { name: [{ family: `Family${i % 40}` }], birthDate: `19${10 + (i % 90)}` }),
  }));
  await opened.store.commit(
    some.map((resource) => ({ kind: 'put', resource })),
    as('org-paged'),
  );
  const records = opened.connection.records('Patient');
  const viewer = { practice: 'org-paged' };
  for (const sort of ['family', 'birthdate', '-birthdate', '_lastUpdated', '-_lastUpdated', '-_id']) {
    const request = parseSearch('Patient', `_sort=${sort}&_count=10`);
    const [{ filter } = { filter: {} }] = await explain({ connection: opened.connection }, viewer, request);
    const order = orderOf(request.sort);
    // 40 have no value: the last of them stands at 39, ascending.
    for (const at of [50, 200, 39, 355]) {
      const [last] = await records.find(filter).sort(sortOf(order)).skip(at).limit(1).toArray();
      if (last === undefined) throw new Error('There is no such row.');
      for (const stretch of behind(order, positionOf(last, order, 'after'))) {
        const page = records
          .find({ $and: [filter, stretch] })
          .sort(sortOf(order))
          .limit(11);
        const { executionStats } = (await page.explain('executionStats')) as {
          executionStats: { totalDocsExamined: number };
        };
        expect(executionStats.totalDocsExamined).toBeLessThanOrEqual(12);
      }
    }
  }
});
