/** `_contained`: resources within others, and what their references lead to. */
import type { Resource, ResourceType } from '@medplum/fhirtypes';
import { parseSearch } from '../../src/search';
import { EVERYTHING, type Viewer } from '../../src/store';
import { as, type TestStore, testStore } from '../store/support';

let opened: TestStore;

const report = (id: string, patient: string, code: string): object => ({
  resourceType: 'DiagnosticReport',
  id,
  status: 'final',
  code: { text: 'x' },
  contained: [
    {
      resourceType: 'Observation',
      id: 'same',
      status: 'final',
      code: { coding: [{ code }] },
      subject: { reference: `Patient/${patient}` },
    },
    { resourceType: 'Observation', id: 'other', status: 'final', code: { coding: [{ code: 'z' }] } },
  ],
});

beforeAll(async () => {
  opened = await testStore();
  const put = (resource: object, practice: string): Promise<unknown> =>
    opened.store.commit([{ kind: 'put', resource: resource as Resource & { id: string } }], as(practice));
  await put({ resourceType: 'Practitioner', id: 'dr', name: [{ family: 'Garcia' }] }, 'org-a');
  await put(
    {
      resourceType: 'Patient',
      id: 'p1',
      name: [{ family: 'Smith' }],
      generalPractitioner: [{ reference: 'Practitioner/dr' }],
    },
    'org-a',
  );
  await put({ resourceType: 'Patient', id: 'hidden', name: [{ family: 'Smith' }] }, 'org-b');
  await put(report('r1', 'p1', 'a'), 'org-a');
  await put(report('r2', 'hidden', 'a'), 'org-a');
  await put(
    {
      resourceType: 'Observation',
      id: 'same',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: 'Patient/p1' },
    },
    'org-a',
  );
  await put(
    {
      resourceType: 'List',
      id: 'l',
      status: 'current',
      mode: 'working',
      entry: [{ item: { reference: 'Observation/same' } }],
    },
    'org-a',
  );
});
afterAll(() => opened.close());

async function found(url: string, viewer: Viewer = { practice: 'org-a' }): Promise<string[]> {
  const [type, query] = url.split(/\?(.*)/s);
  const { matches } = await opened.store.search(viewer, parseSearch(type as ResourceType, query ?? ''));
  return matches.map(({ type: of, id }) => `${of}/${id}`).sort();
}

test.each([
  ['Observation?_contained=true&subject:Patient.name=smith', ['DiagnosticReport/r1']],
  ['Observation?_contained=true&patient.general-practitioner.name=garcia', ['DiagnosticReport/r1']],
  ['Observation?_contained=true&patient.name=smith&code=z', []],
  ['Observation?_contained=true&patient.name=jones', []],
  ['Observation?_contained=both&patient.name=smith', ['DiagnosticReport/r1', 'Observation/same']],
  ['Observation?_contained=true&_containedType=contained&patient.name=smith', ['Observation/r1#same']],
  [
    'Observation?_contained=true&status:in=http://hl7.org/fhir/ValueSet/observation-status&code=a',
    ['DiagnosticReport/r1', 'DiagnosticReport/r2'],
  ],
  ['Observation?_contained=true&_list=l', []],
  ['Observation?_contained=both&_list=l', ['Observation/same']],
  ['Observation?_contained=true&_has:DiagnosticReport:result:status=final', []],
])('%s', async (url, expected) => {
  expect(await found(url)).toEqual(expected);
});

test('everybody sees what the deployment has', async () => {
  expect(await found('Observation?_contained=true&patient.name=smith', EVERYTHING)).toEqual([
    'DiagnosticReport/r1',
    'DiagnosticReport/r2',
  ]);
});

test('a chain to too many resources is refused by name', async () => {
  const many = Array.from({ length: 1_001 }, (_, i) => ({
    kind: 'put' as const,
    resource: { resourceType: 'Patient' as const, id: `many-${i}`, gender: 'other' as const },
  }));
  await opened.store.commit(many, as('org-a'));
  await expect(found('Observation?_contained=true&patient.gender=other')).rejects.toMatchObject({
    status: 400,
    message: expect.stringMatching(/^_contained: A chain/),
    issues: [{ location: ['http._contained'] }],
  });
});
