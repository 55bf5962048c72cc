/** Searches on the store: what follows references, what is included, what a practice sees, and pages. */
import type { Resource, ResourceType } from '@medplum/fhirtypes';
import { parseSearch, type ParseOptions } from '../../src/search';
import { EVERYTHING, type SearchPage, type Viewer } from '../../src/store';
import { as, type TestStore, testStore } from '../store/support';

let opened: TestStore;

type Stored = Resource & { id: string };
const put = (resource: object, practice?: string): Promise<unknown> =>
  opened.store.commit([{ kind: 'put', resource: resource as Stored }], as(practice));

function find(url: string, viewer: Viewer = EVERYTHING, options: ParseOptions = {}): Promise<SearchPage> {
  const [type = '', query = ''] = url.split(/\?(.*)/s);
  return opened.store.search(
    viewer,
    parseSearch((type || undefined) as ResourceType | undefined, query, options),
  );
}

const ids = async (url: string, viewer?: Viewer, options?: ParseOptions): Promise<string[]> =>
  (await find(url, viewer, options)).matches.map(({ id }) => id);

const A = { practice: 'org-a' };
const B = { practice: 'org-b' };

const person = (id: string, family: string, rest: object = {}): object => ({
  resourceType: 'Patient',
  id,
  name: [{ family, given: ['Ann', 'Zoë'] }],
  ...rest,
});

const observation = (
  id: string,
  patient: string,
  code: string,
  value: number,
  rest: object = {},
): object => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code, display: 'Body weight' }] },
  subject: { reference: `Patient/${patient}` },
  valueQuantity: { value, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' },
  ...rest,
});

const DIRECTORY = [
  {
    resourceType: 'Organization',
    id: 'org-a',
    name: 'Álamo Health',
    partOf: { reference: 'Organization/parent' },
  },
  { resourceType: 'Organization', id: 'org-b', name: 'Beacon' },
  { resourceType: 'Organization', id: 'parent', name: 'Parent', address: [{ city: 'Tucson' }] },
  { resourceType: 'Practitioner', id: 'dr-told', name: [{ text: 'Dr. Maeve Keogh' }] },
  { resourceType: 'Practitioner', id: 'dr', name: [{ family: 'García-López', given: ['José'] }] },
  { resourceType: 'Location', id: 'near', name: 'Near', position: { latitude: 33.45, longitude: -112.07 } },
  { resourceType: 'Location', id: 'far', name: 'Far', position: { latitude: 32.22, longitude: -110.97 } },
];

const CLINICAL_A = [
  person('p1', 'Smith', {
    birthDate: '1980-05-01',
    gender: 'female',
    generalPractitioner: [{ reference: 'Practitioner/dr' }],
    managingOrganization: { reference: 'Organization/org-a' },
    text: {
      status: 'generated',
      div: '<div xmlns="http://www.w3.org/1999/xhtml">Likes <b>canoeing</b></div>',
    },
  }),
  person('p2', 'Smythe', { birthDate: '1990', gender: 'male' }),
  person('p3', 'Jones'),
  observation('o1', 'p1', '29463-7', 70, { effectiveDateTime: '2024-01-01' }),
  observation('o2', 'p1', '8302-2', 1.7, {
    effectiveDateTime: '2024-02-01',
    hasMember: [{ reference: 'Observation/o1' }],
  }),
  observation('o3', 'p2', '29463-7', 90, { effectiveDateTime: '2024-03-01' }),
  {
    resourceType: 'Group',
    id: 'g1',
    type: 'person',
    actual: true,
    member: [{ entity: { reference: 'Patient/p2' } }],
  },
  {
    resourceType: 'List',
    id: 'l1',
    status: 'current',
    mode: 'working',
    entry: [{ item: { reference: 'Patient/p1' } }, { item: { reference: 'Patient/p3' }, deleted: true }],
  },
  {
    resourceType: 'MedicationRequest',
    id: 'm1',
    status: 'active',
    intent: 'order',
    subject: { reference: 'Patient/p1' },
    medicationReference: { reference: '#med' },
    contained: [
      {
        resourceType: 'Medication',
        id: 'med',
        status: 'active',
        code: { coding: [{ system: 'urn:rx', code: 'a' }] },
      },
      {
        resourceType: 'Medication',
        id: 'other',
        status: 'inactive',
        code: { coding: [{ system: 'urn:rx', code: 'b' }] },
      },
    ],
  },
  {
    resourceType: 'Provenance',
    id: 'v1',
    recorded: '2024-01-01T00:00:00Z',
    target: [{ reference: 'Observation/o1' }],
    agent: [{ who: { reference: 'Practitioner/dr' } }],
  },
];

const CLINICAL_B = [
  person('pb', 'Smith'),
  observation('ob', 'pb', '29463-7', 50, { effectiveDateTime: '2024-04-01' }),
];

beforeAll(async () => {
  opened = await testStore();
  for (const resource of DIRECTORY) await put(resource);
  for (const resource of CLINICAL_A) await put(resource, A.practice);
  for (const resource of CLINICAL_B) await put(resource, B.practice);
});
afterAll(() => opened.close());

describe('references', () => {
  test.each([
    ['Observation?subject:Patient.name=smith', ['o1', 'o2', 'ob']],
    ['Observation?patient.name=smythe', ['o3']],
    ['Observation?patient.general-practitioner.name=garcia', ['o1', 'o2']],
    ['Observation?patient.organization.partof.address-city=tucson', ['o1', 'o2']],
    ['Patient?_has:Observation:patient:code=8302-2', ['p1']],
    ['Patient?_has:Observation:patient:value-quantity=gt60', ['p1', 'p2']],
    ['Patient?_has:Observation:subject:_has:Provenance:target:agent=Practitioner/dr', ['p1']],
    ['Observation?patient._has:Group:member:_id=g1', ['o3']],
    ['Patient?_list=l1', ['p1']],
    ['Patient?_list=l1&name=smythe', []],
    ['Practitioner?name=jose', ['dr']],
    ['Organization?name=alamo', ['org-a']],
    ['Organization?name:exact=alamo', []],
    ['Organization?phonetic=bikon', ['org-b']],
    ['Practitioner?phonetic=garsia', ['dr']],
    ['Practitioner?phonetic=mave keog', ['dr-told']],
    ['Location?near=33.45|-112.07|20|km', ['near']],
    ['Location?near=33.45|-112.07|150|[mi_us]', ['far', 'near']],
    ['Patient?_text=canoe', ['p1']],
    ['Patient?_text=(canoe OR kayak) and lik', ['p1']],
    ['Patient?_text=kayak,Cano', ['p1']],
    ['Patient?_text=kayak', []],
    ['Patient?_text=anoe', []],
    ['Patient?_content=smythe zoe', ['p2']],
    ['Observation?code:text=body', ['o1', 'o2', 'o3', 'ob']],
    ['Observation?value-quantity=70000|http://unitsofmeasure.org|g', ['o1']],
    ['Patient?gender:in=http://hl7.org/fhir/ValueSet/administrative-gender', ['p1', 'p2']],
    ['Patient?gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender', ['p3', 'pb']],
    ['Medication?_contained=true&code=a', ['m1']],
    ['Medication?_contained=true&code=b&status=active', []],
    ['Medication?_contained=true&_containedType=contained&code=urn:rx|b', ['m1#other']],
  ])('%s', async (url, expected) => {
    expect((await ids(url)).sort()).toEqual(expected);
  });

  test('a chain over more resources than one query can name is followed from the other side', async () => {
    const many = Array.from(
      { length: 620 },
      (_, i) => person(`many-${i}`, 'Crowd', { active: true }) as Stored,
    );
    for (let i = 0; i < many.length; i += 200)
      await opened.store.commit(
        many.slice(i, i + 200).map((resource) => ({ kind: 'put', resource })),
        as(),
      );
    await put(observation('om', 'many-619', 'x', 1));
    await put(observation('on', 'many-3', 'y', 1));
    expect(await ids('Observation?subject:Patient.family=crowd')).toEqual(['om', 'on']);
    expect(await ids('Observation?_filter=not (patient.family eq "crowd")')).toEqual([
      'o1',
      'o2',
      'o3',
      'ob',
    ]);
    expect((await find('Observation?subject:Patient.family=crowd&_total=accurate&_count=1')).total).toBe(2);
    expect(await ids('Patient?family=crowd&_has:Observation:patient:code=x,y')).toEqual([
      'many-3',
      'many-619',
    ]);
  });
});

describe('includes', () => {
  const included = async (url: string, viewer?: Viewer): Promise<string[]> =>
    (await find(url, viewer)).included.map(({ type, id }) => `${type}/${id}`).sort();

  test.each([
    ['Observation?_id=o1,o2&_include=Observation:patient', ['Patient/p1']],
    ['Observation?_id=o1&_include=Observation:subject:Group', []],
    [
      'Observation?_id=o2&_include=Observation:has-member&_include:iterate=Observation:patient',
      ['Observation/o1', 'Patient/p1'],
    ],
    ['Observation?_id=o2&_include=Observation:*', ['Observation/o1', 'Patient/p1']],
    ['Patient?_id=p1&_revinclude=Observation:subject', ['Observation/o1', 'Observation/o2']],
    [
      'Patient?_id=p1&_revinclude=Observation:subject&_revinclude:iterate=Provenance:target',
      ['Observation/o1', 'Observation/o2', 'Provenance/v1'],
    ],
    [
      'Patient?_id=p1&_include=Patient:general-practitioner&_include=Patient:organization&_include:iterate=Organization:partof',
      ['Organization/org-a', 'Organization/parent', 'Practitioner/dr'],
    ],
    ['Provenance?_include=*', ['Observation/o1', 'Practitioner/dr']],
  ])('%s', async (url, expected) => {
    expect(await included(url)).toEqual(expected);
  });
});

describe('what a practice sees', () => {
  test('its own clinical data and the common directory', async () => {
    expect(await ids('Patient?name=smith', A)).toEqual(['p1']);
    expect(await ids('Patient?name=smith', B)).toEqual(['pb']);
    expect(await ids('Organization?name=beacon', A)).toEqual(['org-b']);
    expect(await ids('Patient?_id=p1,pb', B)).toEqual(['pb']);
    expect(await opened.store.count(B, parseSearch('Patient', ''))).toBe(1);
  });

  test.each([
    'Observation?subject:Patient.name=smythe',
    'Patient?_has:Observation:patient:code=8302-2',
    'Patient?_list=l1',
    'Observation?_filter=subject.name eq "Smythe"',
    'Observation?subject=Patient/p2',
  ])('nothing through what is hidden: %s', async (url) => {
    expect(await ids(url, B)).toEqual([]);
  });

  test('a right guess about a hidden resource answers as a wrong one', async () => {
    await put(observation('ox', 'p2', 'z', 1), B.practice);
    expect(await ids('Observation?subject=Patient/p2', B)).toEqual(['ox']);
    expect(await ids('Observation?subject:Patient.name=smythe', B)).toEqual([]);
    expect(await ids('Observation?subject:Patient.name=wrong', B)).toEqual([]);
    expect((await find('Observation?_id=ox&_include=Observation:subject', B)).included).toEqual([]);
  });

  test('rows of scopes hold for matches, chains, reverse chains and includes', async () => {
    const heavy = parseSearch('Observation', 'value-quantity=gt80');
    const viewer: Viewer = {
      practice: 'org-a',
      rows: (type) => (type === 'Observation' ? [heavy] : type !== 'List'),
    };
    expect(await ids('Observation', viewer)).toEqual(['o3']);
    expect(await ids('Patient?_has:Observation:patient:code=29463-7', viewer)).toEqual(['p2']);
    expect(
      (await find('Patient?_revinclude=Observation:patient', viewer)).included.map(({ id }) => id),
    ).toEqual(['o3']);
    expect(await ids('Patient?_list=l1', viewer)).toEqual([]);
    expect(await ids('Observation', { rows: () => false })).toEqual([]);
  });
});

describe('compartments and several types', () => {
  const compartment = { type: 'Patient' as const, id: 'p1' };

  test('Patient/p1/Observation and Patient/p1/*', async () => {
    expect(await ids('Observation', EVERYTHING, { compartment })).toEqual(['o1', 'o2']);
    expect(await ids('', EVERYTHING, { compartment })).toEqual(['m1', 'o1', 'o2', 'p1']);
  });

  test('pages of several types hold every resource once, sorted or not', async () => {
    for (const query of [
      '?_type=Patient,Observation,Organization',
      '?_type=Patient,Observation,Organization&_sort=-_lastUpdated',
    ]) {
      const seen: string[] = [];
      let cursor = '';
      do {
        const page = await find(`${query}&_count=7${cursor}`, A);
        seen.push(...page.matches.map(({ type, id }) => `${type}/${id}`));
        cursor = page.next === undefined ? '' : `&_cursor=${page.next}`;
      } while (cursor !== '');
      expect(new Set(seen).size).toBe(seen.length);
      expect([...seen].sort()).toEqual(
        [
          'Organization/org-a',
          'Organization/org-b',
          'Organization/parent',
          'Observation/o1',
          'Observation/o2',
          'Observation/o3',
          'Patient/p1',
          'Patient/p2',
          'Patient/p3',
        ].sort(),
      );
    }
  });
});

test('a search that takes longer than it may is given up, and says so', async () => {
  const impatient = await testStore({ searchMs: 0 });
  const tooCostly = { status: 503, issues: [{ code: 'too-costly' }], headers: { 'Retry-After': '30' } };
  const request = parseSearch('Patient', 'name=a');
  await expect(impatient.store.search(EVERYTHING, request)).rejects.toMatchObject(tooCostly);
  await expect(impatient.store.count(EVERYTHING, request)).rejects.toMatchObject(tooCostly);
  await impatient.close();
});
