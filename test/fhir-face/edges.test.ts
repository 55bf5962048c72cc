import type { Bundle, OperationOutcome } from '@medplum/fhirtypes';
import request from 'supertest';
import { testHouse, type TestHouse } from '../support/house';
import { base, json } from './clients';

/** Preferences, preconditions, forms and pages at their edges. https://hl7.org/fhir/R4/http.html */
let test: TestHouse;

beforeAll(async () => {
  test = await testHouse({ FHIR_AUTH: 'off' });
  for (const [i, family] of ['Abe', 'Abe', 'Bell', 'Cole', 'Dunn', 'Éden', 'Ford'].entries()) {
    await put(`Patient/s${i}`, {
      resourceType: 'Patient',
      id: `s${i}`,
      name: [{ family }],
      birthDate: `19${80 + (i % 3)}-01-01`,
      ...(i % 2 === 0 && { active: true }),
    });
  }
});
afterAll(() => test.close());

const get = (path: string) => request(test.app).get(`${base}/${path}`);
const put = (path: string, body: object) =>
  request(test.app).put(`${base}/${path}`).set('Content-Type', json).send(JSON.stringify(body));
const post = (path: string, body: object) =>
  request(test.app).post(`${base}/${path}`).set('Content-Type', json).send(JSON.stringify(body));
const person = (id: string, more: object = {}) => ({ resourceType: 'Patient', id, ...more });
const follow = (url: string) => get(url.slice(url.indexOf(`${base}/`) + base.length + 1));
const link = (bundle: Bundle, wanted: string) =>
  bundle.link?.find(({ relation }) => relation === wanted)?.url;
const ids = (bundle: Bundle) => (bundle.entry ?? []).map(({ resource }) => resource?.id ?? '');

describe('references to this server by their whole address', () => {
  const observation = (id: string, reference: string) => ({
    resourceType: 'Observation',
    id,
    status: 'final',
    code: { text: 'x' },
    subject: { reference },
  });

  it('are kept as relative ones, and so followed like them', async () => {
    await put('Patient/whole', person('whole', { name: [{ family: 'Whole' }] }));
    const self = link((await get('Patient?_id=whole')).body as Bundle, 'self') ?? '';
    const whole = `${self.slice(0, self.indexOf('/Patient'))}/Patient/whole`;
    await put('Observation/w1', observation('w1', whole));
    await post('', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        { resource: observation('w2', whole), request: { method: 'PUT', url: 'Observation/w2' } },
        {
          resource: observation('w3', `${whole}/_history/1`),
          request: { method: 'PUT', url: 'Observation/w3' },
        },
      ],
    });
    await put('Observation/w4', observation('w4', 'Patient/s0'));
    await request(test.app)
      .patch(`${base}/Observation/w4`)
      .set('Content-Type', 'application/merge-patch+json')
      .send(JSON.stringify({ subject: { reference: whole } }));
    const elsewhere = 'https://elsewhere.example/fhir/Patient/whole';
    await put('Observation/w5', observation('w5', elsewhere));
    for (const query of [
      'Observation?subject=Patient/whole',
      'Observation?subject:Patient.name=whole',
      `Observation?subject=${encodeURIComponent(whole)}`,
      'Patient/whole/Observation',
    ])
      expect(ids((await get(query)).body as Bundle)).toEqual(['w1', 'w2', 'w3', 'w4']);
    expect(ids((await get('Observation?_id=w1&_include=Observation:subject')).body as Bundle)).toEqual([
      'w1',
      'whole',
    ]);
    expect((await get('Observation/w5')).body).toMatchObject({ subject: { reference: elsewhere } });
    expect((await get('Observation/w3')).body).toMatchObject({
      subject: { reference: 'Patient/whole/_history/1' },
    });
  });
});

describe('ids', () => {
  it('an update at an id that no resource could have is a bad request; a read of it finds nothing', async () => {
    expect((await put('Patient/a_b', person('a_b'))).status).toBe(400);
    expect((await get('Patient/a_b')).status).toBe(404);
  });
});

describe('preconditions', () => {
  it('hold on update, patch and delete: lists, stars, stale and missing versions', async () => {
    await put('Patient/pre', person('pre'));
    expect(
      (await put('Patient/pre', person('pre', { active: true })).set('If-Match', 'W/"9", W/"1"')).status,
    ).toBe(200);
    expect((await put('Patient/pre', person('pre', { active: false })).set('If-Match', '*')).status).toBe(
      200,
    );
    expect((await put('Patient/pre', person('pre')).set('If-Match', 'rubbish')).status).toBe(412);
    expect((await put('Patient/not-yet', person('not-yet')).set('If-Match', '*')).status).toBe(412);
    expect((await put('Patient/pre', person('pre')).set('If-None-Match', '*')).status).toBe(412);
    const patch = request(test.app)
      .patch(`${base}/Patient/pre`)
      .set('Content-Type', 'application/merge-patch+json');
    expect((await patch.set('If-Match', 'W/"1"').send('{"active":true}')).status).toBe(412);
    expect((await request(test.app).delete(`${base}/Patient/pre`).set('If-Match', 'W/"1"')).status).toBe(412);
    expect((await request(test.app).delete(`${base}/Patient/pre`).set('If-Match', 'W/"3"')).status).toBe(204);
    expect((await get('Patient/pre')).status).toBe(410);
  });

  it('many patches at once without If-Match are all applied, one after the other', async () => {
    await put('Patient/many', person('many'));
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        request(test.app)
          .patch(`${base}/Patient/many`)
          .set('Content-Type', 'application/merge-patch+json')
          .send(JSON.stringify({ extension: [{ url: `http://example.org/${i}`, valueInteger: i }] })),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(200));
    expect((await get('Patient/many')).headers.etag).toBe('W/"7"');
  });

  it('a conditional update that matches nothing does not land on another resource', async () => {
    await put('Patient/taken', person('taken', { gender: 'male' }));
    expect((await put('Patient?identifier=urn:none|1', person('taken'))).status).toBe(409);
    expect((await get('Patient/taken')).body).toMatchObject({ gender: 'male' });
  });
});

describe('forms', () => {
  it('Prefer shapes the answer of every write', async () => {
    const minimal = await put('Patient/pf', person('pf')).set('Prefer', 'return=minimal');
    expect([minimal.status, minimal.text]).toEqual([201, '']);
    expect(minimal.headers.location).toMatch(/Patient\/pf\/_history\/1$/);
    const outcome = await request(test.app)
      .delete(`${base}/Patient/pf`)
      .set('Prefer', 'return=OperationOutcome');
    expect([outcome.status, (outcome.body as OperationOutcome).resourceType]).toEqual([
      200,
      'OperationOutcome',
    ]);
  });

  it('_format and _pretty count in queries and in forms; unknown ones are 406', async () => {
    for (const format of ['xml', 'application/fhir%2Bxml', 'text/xml']) {
      expect((await get(`Patient/s0?_format=${format}`)).headers['content-type']).toMatch(/fhir\+xml/);
    }
    const form = await request(test.app)
      .post(`${base}/Patient/_search`)
      .type('form')
      .send('_id=s0&_format=xml');
    expect([form.status, form.headers['content-type']]).toEqual([200, expect.stringMatching(/fhir\+xml/)]);
    expect((await get('Patient/s0?_format=turtle')).status).toBe(406);
    expect((await get('Patient/s0?_pretty=true').buffer(true)).text).toContain('\n');
    expect((await get('Patient/s0').set('Accept', 'application/fhir+json; fhirVersion=3.0')).status).toBe(
      406,
    );
  });

  it('HEAD is GET without a body', async () => {
    const head = await request(test.app).head(`${base}/Patient/s0`);
    expect([head.status, head.headers.etag, head.text]).toEqual([200, 'W/"1"', undefined]);
    expect((await request(test.app).head(`${base}/Patient/nobody`)).status).toBe(404);
  });

  it('_summary and _elements work on reads and inside batches; unknown parameters of a read are refused by name', async () => {
    expect((await get('Patient/s0?_elements=birthDate')).body).not.toHaveProperty('name');
    expect((await get('Patient/s0?_summary=text')).body).not.toHaveProperty('name');
    const unknown = await get('Patient/s0?nonsense=1');
    expect([unknown.status, unknown.text.includes('nonsense')]).toEqual([400, true]);
    const entry = [{ request: { method: 'GET', url: 'Patient/s0?_elements=birthDate' } }];
    const batch = (await post('', { resourceType: 'Bundle', type: 'batch', entry })).body as Bundle;
    expect(batch.entry?.[0]?.resource).not.toHaveProperty('name');
  });

  it('tells what handling=lenient left out', async () => {
    const answer = (await get('Patient?nonsense=1&_id=s0').set('Prefer', 'handling=lenient')).body as Bundle;
    expect(link(answer, 'self')).not.toContain('nonsense');
    const outcome = answer.entry?.find(({ search }) => search?.mode === 'outcome')
      ?.resource as OperationOutcome;
    expect(outcome.issue[0]?.diagnostics).toMatch(/^nonsense: /);
  });

  it('405 names what a path takes', async () => {
    const answer = await request(test.app).put(`${base}/metadata`);
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD']);
    expect((await get('Parameters')).status).toBe(404);
  });
});

describe('pages', () => {
  const sorts = [
    '',
    '_id',
    '-_id',
    '_lastUpdated',
    '-_lastUpdated',
    'family',
    '-family',
    'birthdate,-family',
    '-active,birthdate',
    'name',
  ];
  it.each(sorts)('_sort=%s goes forth and back through every row once', async (sort) => {
    const query = `Patient?birthdate=ge1980&_count=3${sort === '' ? '' : `&_sort=${sort}`}`;
    const pages: string[][] = [];
    let page = (await get(query)).body as Bundle;
    for (;;) {
      pages.push(ids(page));
      const next = link(page, 'next');
      if (next === undefined) break;
      page = (await follow(next)).body as Bundle;
    }
    expect(pages.flat().sort()).toEqual(['s0', 's1', 's2', 's3', 's4', 's5', 's6']);
    for (let i = pages.length - 2; i >= 0; i -= 1) {
      page = (await follow(link(page, 'previous') ?? '')).body as Bundle;
      expect(ids(page)).toEqual(pages[i]);
    }
    expect(ids((await follow(link(page, 'self') ?? '')).body as Bundle)).toEqual(pages[0]);
  });

  it('of a POSTed search are links too', async () => {
    const form = await request(test.app)
      .post(`${base}/Patient/_search`)
      .type('form')
      .send('birthdate=ge1980&_count=4');
    const rest = (await follow(link(form.body as Bundle, 'next') ?? '')).body as Bundle;
    expect([...ids(form.body as Bundle), ...ids(rest)]).toHaveLength(7);
    expect((await get('Patient?_cursor=rubbish')).status).toBe(400);
  });
});
