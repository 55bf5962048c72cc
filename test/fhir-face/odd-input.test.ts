/** What clients send by mistake is refused by name, never answered with something else. */
import type { Bundle, OperationOutcome } from '@medplum/fhirtypes';
import request, { type Response } from 'supertest';
import { testHouse, type TestHouse } from '../support/house';
import { base, json } from './clients';

let test_: TestHouse;

beforeAll(async () => {
  test_ = await testHouse({ FHIR_AUTH: 'off' });
  await send('put', 'Patient/p', { resourceType: 'Patient', id: 'p', name: [{ family: 'Quill' }] });
});
afterAll(() => test_.close());

const get = (path: string): request.Test => request(test_.app).get(`${base}/${path}`);
const send = (method: 'post' | 'put', path: string, body: unknown, type = json): request.Test => {
  const asked = request(test_.app)[method](`${base}/${path}`).set('Content-Type', type);
  return asked.send(typeof body === 'string' ? body : JSON.stringify(body));
};
const told = ({ body }: Response): string =>
  ((body as OperationOutcome).issue ?? []).map(({ diagnostics }) => diagnostics).join(' ');

describe('entries of bundles', () => {
  const broken: [string, unknown][] = [
    ['null', null],
    ['a text', 'x'],
    ['a list', []],
    ['a number for a url', { request: { method: 'GET', url: 5 } }],
    ['a request that is a text', { request: 'GET Patient' }],
    ['a resource of null', { request: { method: 'POST', url: 'Patient' }, resource: null }],
    ['a resource that is a text', { request: { method: 'POST', url: 'Patient' }, resource: 'x' }],
    ['a resource without a type', { request: { method: 'PUT', url: 'Patient/p' }, resource: { id: 'p' } }],
    ['a full URL that is a number', { fullUrl: 5, request: { method: 'GET', url: 'Patient/p' } }],
    [
      'a condition that is a number',
      {
        request: { method: 'PUT', url: 'Patient/p', ifMatch: 1 },
        resource: { resourceType: 'Patient', id: 'p' },
      },
    ],
    ['metadata', { request: { method: 'GET', url: 'metadata' } }],
  ];
  it.each(broken)('%s is 400 and names its place', async (_what, entry) => {
    const fine = { request: { method: 'GET', url: 'Patient/p' } };
    for (const type of ['batch', 'transaction']) {
      const answer = await send('post', '', { resourceType: 'Bundle', type, entry: [fine, entry] });
      const bundle = answer.body as Bundle;
      const own = bundle.resourceType === 'Bundle' ? bundle.entry?.[1]?.response : undefined;
      const [status, outcome] =
        own === undefined
          ? [String(answer.status), answer.body as OperationOutcome]
          : [own.status, own.outcome as OperationOutcome];
      expect([type, status]).toEqual([type, '400']);
      expect(JSON.stringify(outcome.issue)).toContain('Bundle.entry[1]');
    }
  });
});

it('a malformed escape in the path leads nowhere', async () => {
  const answer = await get('Patient/%E0%A4%A');
  expect([answer.status, told(answer)]).toEqual([404, expect.stringContaining('nothing at this path')]);
});

describe('searches', () => {
  it.each([
    ['Patient?name=%00', 'name'],
    ['Patient?name=%CC%81', 'name'],
    ['Patient?name:contains=%01', 'name:contains'],
    ['Observation?code:text=%00', 'code:text'],
    ['Patient?_filter=name%20sw%20%22%00%22', '_filter'],
    ['Patient?_id=,', '_id'],
    ['Patient?gender:in=http://nobody.example/ValueSet/none', 'gender'],
    ['Observation?combo-code:not-in=http://hl7.org/fhir/ValueSet/observation-codes', 'combo-code'],
    ['Patient?organization:Patient.name=x', 'organization:Patient.name'],
    ['Patient?organization:Patient=x', 'organization:Patient'],
    ['Observation?subject=Patient/', 'subject'],
    ['Observation?subject=/p', 'subject'],
    ['Patient?_pretty=perhaps', '_pretty'],
    ['Patient/p?_summary=count', '_summary'],
    ['Patient/p/_history?_summary=count', '_summary'],
    ['Patient/p?_summary=perhaps', '_summary'],
    ['Patient/p?_elements=nothing', '_elements'],
    ['Patient/p?_elements=name&_elements=gender', '_elements'],
    ['Patient/p/_history?_since=2024&_since=2025', '_since'],
    ['Patient/p/_history?_sort=x', '_sort'],
    ['metadata?nonsense=1', 'nonsense'],
    ['metadata?mode=nonsense', 'mode'],
  ])('%s is 400 and names the parameter', async (path, parameter) => {
    const answer = await get(path);
    expect([answer.status, told(answer)]).toEqual([400, expect.stringContaining(parameter)]);
    expect((answer.body as OperationOutcome).issue[0]?.location).toEqual([`http.${parameter}`]);
  });

  it('one over several types says which parameters it takes', async () => {
    expect(told(await get('?name=x'))).toMatch(/_type/);
  });

  it('metadata is shown in full, or its normative part', async () => {
    for (const query of ['', '?mode=full', '?mode=normative', '?_summary=true', '?_pretty=true'])
      expect([query, (await get(`metadata${query}`)).status]).toEqual([query, 200]);
  });
});

describe('bodies', () => {
  const patient = (family: string): string =>
    `{"resourceType":"Patient","name":[{"family":"${family}"}],"gender":"male"}`;

  it.each([json, 'application/fhir+xml', 'application/json-patch+json'])(
    '%s in another encoding than UTF-8 is 415',
    async (type) => {
      const method = type.includes('patch') ? 'patch' : 'post';
      const path = method === 'patch' ? 'Patient/p' : 'Patient';
      const asked = request(test_.app)[method](`${base}/${path}`);
      const answer = await asked.set('Content-Type', `${type}; charset=ISO-8859-1`).send('[]');
      expect([answer.status, told(answer)]).toEqual([415, expect.stringContaining('UTF-8')]);
    },
  );

  it('UTF-8 by any of its names is taken', async () => {
    for (const charset of ['utf-8', 'UTF-8', '"utf-8"', 'utf8', 'us-ascii'])
      expect((await send('post', 'Patient', patient('Ok'), `${json}; charset=${charset}`)).status).toBe(201);
  });

  it('half of a surrogate pair cannot be kept, so it is refused', async () => {
    const answer = await send('post', 'Patient', patient('a\\ud800b'));
    expect([answer.status, JSON.stringify(answer.body)]).toEqual([
      422,
      expect.stringContaining('Patient.name[0].family'),
    ]);
    const xml = '<Patient xmlns="http://hl7.org/fhir"><name><family value="a&#xD800;b"/></name></Patient>';
    expect((await send('post', 'Patient', xml, 'application/fhir+xml')).status).toBe(400);
    expect((await send('post', 'Patient', patient('\\ud83d\\ude00'))).status).toBe(201);
  });
});

describe('patches', () => {
  const patch = (body: string, type: string): request.Test =>
    request(test_.app).patch(`${base}/Patient/p`).set('Content-Type', type).send(body);

  it.each([
    ['application/merge-patch+json', '{"__proto__":{"polluted":1}}'],
    ['application/merge-patch+json', '{"name":[{"__proto__":{"polluted":1}}]}'],
    ['application/merge-patch+json', '{"meta":{"__proto__":{"polluted":1}}}'],
    ['application/merge-patch+json', '{"constructor":{"prototype":{"polluted":1}}}'],
    ['application/json-patch+json', '[{"op":"add","path":"/__proto__/polluted","value":1}]'],
    ['application/json-patch+json', '[{"op":"add","path":"/constructor/prototype/polluted","value":1}]'],
    ['application/json-patch+json', '[{"op":"add","path":"/meta","value":{"__proto__":{"polluted":1}}}]'],
    ['application/json-patch+json', '[{"op":"add","path":"/active","value":true,"value":false}]'],
  ])('%s %s is refused and reaches nothing else', async (type, body) => {
    const answer = await patch(body, type);
    expect([400, 422]).toContain(answer.status);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect((Object as { polluted?: unknown }).polluted).toBeUndefined();
    expect((await get('Patient/p')).body).not.toHaveProperty('polluted');
  });

  it('keeps decimals as they are written', async () => {
    const extension = '"extension":[{"url":"urn:d","valueDecimal":1.10}]';
    const answer = await patch(`{${extension}}`, 'application/merge-patch+json').buffer(true);
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('"valueDecimal":1.10')]);
    const added = `[{"op":"add","path":"/extension/-","value":{"url":"urn:e","valueDecimal":2.500}}]`;
    const read = await patch(added, 'application/json-patch+json').buffer(true);
    expect([read.status, read.text]).toEqual([200, expect.stringContaining('"valueDecimal":2.500')]);
  });
});

describe('Parameters', () => {
  const broken: [string, unknown][] = [
    ['a text instead of a list', 'x'],
    ['nothing in the list', [null]],
    ['a part that is a text', [{ name: 'operation', part: 'x' }]],
    ['a part that is nothing', [{ name: 'operation', part: [null] }]],
    ['a tag that is a text', [{ name: 'meta', valueMeta: { tag: 'x' } }]],
    ['a tag that is nothing', [{ name: 'meta', valueMeta: { tag: [null] } }]],
    ['a Meta that is a text', [{ name: 'meta', valueMeta: 'x' }]],
    ['a Coding that is a text', [{ name: 'coding', valueCoding: 'x' }]],
    ['a resource that is a text', [{ name: 'resource', resource: 'x' }]],
    [
      'a value set that is none',
      [{ name: 'valueSet', resource: { resourceType: 'ValueSet', compose: 'x' } }],
    ],
    ['a patient that is none', [{ name: 'resource', resource: { resourceType: 'Patient', name: [null] } }]],
  ];
  const paths: [method: 'post' | 'patch', path: string][] = [
    ['patch', 'Patient/p'],
    ['post', 'Patient/p/$meta-add'],
    ['post', 'Patient/p/$meta-delete'],
    ['post', 'Patient/$validate'],
    ['post', 'Patient/$match'],
    ['post', 'HealthcareService/$match'],
    ['post', 'CodeSystem/$lookup'],
    ['post', 'CodeSystem/$subsumes'],
    ['post', 'ValueSet/$expand'],
    ['post', 'ValueSet/$validate-code'],
    ['post', 'ConceptMap/$translate'],
    ['post', 'Subscription/$status'],
  ];
  it.each(broken)('with %s break nothing', async (_what, parameter) => {
    for (const [method, path] of paths) {
      const asked = request(test_.app)[method](`${base}/${path}`).set('Content-Type', json);
      const { status } = await asked.send(JSON.stringify({ resourceType: 'Parameters', parameter }));
      expect([path, status < 500]).toEqual([path, true]);
    }
  });

  it('with a resource of another type than the operation takes are refused', async () => {
    const parameter = [{ name: 'valueSet', resource: { resourceType: 'Patient' } }];
    const answer = await send('post', 'ValueSet/$expand', { resourceType: 'Parameters', parameter });
    expect([answer.status, told(answer)]).toEqual([400, expect.stringContaining('valueSet')]);
  });

  it.each([
    { resourceType: 'Patient', name: 'x' },
    { resourceType: 'Patient', name: [null], birthDate: 5, identifier: 'x', telecom: [5] },
    { resourceType: 'ValueSet', compose: { include: [null] } },
    { resourceType: 'Bundle', entry: [null] },
  ])('a bare %o breaks nothing', async (resource) => {
    for (const path of ['Patient/$match', 'Patient/$validate', 'ValueSet/$expand', 'Patient', 'Bundle']) {
      const { status } = await send('post', path, resource);
      expect([path, status < 500]).toEqual([path, true]);
    }
  });
});
