import type { Bundle, OperationOutcome, Patient } from '@medplum/fhirtypes';
import request from 'supertest';
import { testHouse, type TestHouse } from '../support/house';

/** The RESTful interactions over HTTP. https://hl7.org/fhir/R4/http.html */
let test: TestHouse;
const base = '/fhir/R4';
const json = 'application/fhir+json';

beforeAll(async () => {
  test = await testHouse({ FHIR_AUTH: 'off' });
});
afterAll(() => test.close());

const agent = () => request(test.app);
const put = (path: string, body: object) =>
  agent().put(`${base}/${path}`).set('Content-Type', json).send(JSON.stringify(body));
const post = (path: string, body: object) =>
  agent().post(`${base}/${path}`).set('Content-Type', json).send(JSON.stringify(body));
const patient = (more: object = {}): object => ({
  resourceType: 'Patient',
  name: [{ family: 'Okafor', given: ['Ada'] }],
  ...more,
});

describe('create and read', () => {
  it('answers 201 with Location, ETag and Last-Modified, and reads back the same', async () => {
    const created = await post('Patient', patient({ birthDate: '1980-02-03' }));
    expect(created.status).toBe(201);
    const { id } = created.body as Patient;
    expect(created.headers.location).toMatch(new RegExp(`/fhir/R4/Patient/${id}/_history/1$`));
    expect(created.headers.etag).toBe('W/"1"');
    const read = await agent().get(`${base}/Patient/${id}`);
    expect(read.status).toBe(200);
    expect(read.headers['content-type']).toMatch(/^application\/fhir\+json/);
    expect(read.body).toEqual(created.body);
    expect(Date.parse(read.headers['last-modified'] ?? '')).not.toBeNaN();
  });

  it('keeps the text of decimals', async () => {
    const text =
      '{"resourceType":"Observation","id":"decimal","status":"final","code":{"text":"x"},"valueQuantity":{"value":1.10}}';
    expect(
      (await agent().put(`${base}/Observation/decimal`).set('Content-Type', json).send(text)).status,
    ).toBe(201);
    const plain = { resourceType: 'Observation', id: 'plain', status: 'final', code: { text: 'x' } };
    expect((await agent().put(`${base}/Observation/plain`).send(plain)).status).toBe(201);
    // Alone, and in bundles beside others that have none.
    for (const path of ['/decimal', '/decimal/_history', '?_id=decimal,plain', '/_history']) {
      const read = await agent().get(`${base}/Observation${path}`).buffer(true);
      expect([path, read.text]).toEqual([path, expect.stringContaining('"value":1.10')]);
    }
  });

  it('refuses what is no FHIR with 400, what breaks a rule with 422 naming every place, and an unknown type with 404', async () => {
    expect(
      (await agent().post(`${base}/Patient`).set('Content-Type', json).send('{"resourceType":')).status,
    ).toBe(400);
    expect((await post('Patient', { resourceType: 'Observation' })).status).toBe(400);
    expect((await post('Patients', patient())).status).toBe(404);
    const invalid = await post('Patient', patient({ gender: 'x', birthDate: 'soon', nonsense: 1 }));
    expect([400, 422]).toContain(invalid.status);
    const places = (invalid.body as OperationOutcome).issue.flatMap((issue) => issue.expression ?? []);
    expect(places).toEqual(expect.arrayContaining(['Patient.gender', 'Patient.birthDate']));
    expect(JSON.stringify(invalid.body)).not.toContain('soon');
  });

  it('answers conditional reads with 304, unknown ids with 404 and deleted ones with 410', async () => {
    await put('Patient/cond', patient({ id: 'cond' }));
    expect((await agent().get(`${base}/Patient/cond`).set('If-None-Match', 'W/"1"')).status).toBe(304);
    expect((await agent().get(`${base}/Patient/never`)).status).toBe(404);
    expect((await agent().delete(`${base}/Patient/cond`)).status).toBe(204);
    expect((await agent().get(`${base}/Patient/cond`)).status).toBe(410);
    expect((await agent().delete(`${base}/Patient/never`)).status).toBe(204);
    expect((await put('Patient/cond', patient({ id: 'cond' }))).headers.etag).toBe('W/"3"');
  });

  it('answers 405 with Allow, 406 and 415', async () => {
    const refused = await agent().put(`${base}/metadata`);
    expect([404, 405]).toContain(refused.status);
    const method = await agent().post(`${base}/Patient/x`).set('Content-Type', json).send('{}');
    expect(method.status).toBe(405);
    expect(method.headers.allow).toContain('PUT');
    expect((await agent().get(`${base}/Patient`).set('Accept', 'image/png')).status).toBe(406);
    expect((await agent().post(`${base}/Patient`).set('Content-Type', 'text/csv').send('a,b')).status).toBe(
      415,
    );
  });

  it('speaks XML both ways', async () => {
    const xml =
      '<Patient xmlns="http://hl7.org/fhir"><id value="xml"/><active value="true"/><name><family value="Ng"/></name></Patient>';
    const created = await agent()
      .put(`${base}/Patient/xml`)
      .set('Content-Type', 'application/fhir+xml')
      .send(xml);
    expect(created.status).toBe(201);
    const read = await agent().get(`${base}/Patient/xml?_format=xml`).buffer(true);
    expect(read.headers['content-type']).toMatch(/^application\/fhir\+xml/);
    expect(read.text).toContain('<family value="Ng"/>');
    expect((await agent().get(`${base}/Patient/xml`)).body).toMatchObject({
      active: true,
      name: [{ family: 'Ng' }],
    });
  });

  it('keeps Binary content and hands it out raw', async () => {
    const created = await agent()
      .post(`${base}/Binary`)
      .set('Content-Type', 'text/plain')
      .send('plain words');
    expect(created.status).toBe(201);
    const location = new URL(created.headers.location ?? '').pathname.replace(/\/_history.*/, '');
    const raw = await agent().get(location).set('Accept', 'text/plain').buffer(true);
    expect(raw.headers['content-type']).toMatch(/^text\/plain/);
    expect(raw.text).toBe('plain words');
    expect((await agent().get(location).set('Accept', json)).body).toMatchObject({
      resourceType: 'Binary',
      contentType: 'text/plain',
    });
  });

  it('keeps the security context that comes with raw content', async () => {
    await put('Patient/owner', patient({ id: 'owner' }));
    const created = await agent()
      .post(`${base}/Binary`)
      .set('Content-Type', 'text/plain')
      .set('X-Security-Context', 'Patient/owner')
      .send('plain words');
    expect(created.body).toMatchObject({ securityContext: { reference: 'Patient/owner' } });
    const location = new URL(created.headers.location ?? '').pathname.replace(/\/_history.*/, '');
    const raw = await agent().get(location).set('Accept', 'text/plain');
    expect(raw.headers['x-security-context']).toBe('Patient/owner');
  });
});

describe('update', () => {
  it('counts versions, keeps identical content at its version, and refuses a stale If-Match', async () => {
    const made = await put('Patient/v', patient({ id: 'v' }));
    expect(made.status).toBe(201);
    const same = await put('Patient/v', patient({ id: 'v' }));
    expect([same.status, same.headers.etag]).toEqual([200, 'W/"1"']);
    const second = await put('Patient/v', patient({ id: 'v', active: true })).set('If-Match', 'W/"1"');
    expect([second.status, second.headers.etag]).toEqual([200, 'W/"2"']);
    expect(
      (await put('Patient/v', patient({ id: 'v', active: false })).set('If-Match', 'W/"1"')).status,
    ).toBe(412);
    expect((await put('Patient/v', patient({ id: 'other' }))).status).toBe(400);
    expect((await agent().get(`${base}/Patient/v/_history/1`)).body).not.toHaveProperty('active');
    expect((await put('Patient/v', patient({ id: 'v' })).set('If-None-Match', '*')).status).toBe(412);
  });

  it('keeps every one of many parallel updates in its history, each checked against the version it met', async () => {
    await put('Patient/race', patient({ id: 'race' }));
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        put('Patient/race', patient({ id: 'race', telecom: [{ system: 'other', value: String(i) }] })).set(
          'If-Match',
          'W/"1"',
        ),
      ),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.every((status) => [200, 409, 412].includes(status))).toBe(true);
    expect(((await agent().get(`${base}/Patient/race/_history`)).body as Bundle).entry).toHaveLength(2);
  });

  it('honours Prefer: return', async () => {
    const minimal = await post('Patient', patient()).set('Prefer', 'return=minimal');
    expect([minimal.status, minimal.text]).toEqual([201, '']);
    const outcome = await post('Patient', patient()).set('Prefer', 'return=OperationOutcome');
    expect(outcome.body).toMatchObject({ resourceType: 'OperationOutcome' });
  });
});

describe('conditional interactions', () => {
  const identified = (value: string, more: object = {}) =>
    patient({ identifier: [{ system: 'urn:test', value }], ...more });

  it('make one resource of many concurrent conditional creates with one criterion', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        post('Patient', identified('same')).set('If-None-Exist', 'identifier=urn:test|same'),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([...Array<number>(9).fill(200), 201]);
    expect(new Set(answers.map(({ body }) => (body as Patient).id)).size).toBe(1);
  });

  it('update, patch and delete what the criteria match, and refuse several matches', async () => {
    const created = await agent()
      .put(`${base}/Patient?identifier=urn:test|cu`)
      .set('Content-Type', json)
      .send(JSON.stringify(identified('cu')));
    expect(created.status).toBe(201);
    const updated = await agent()
      .put(`${base}/Patient?identifier=urn:test|cu`)
      .set('Content-Type', json)
      .send(JSON.stringify(identified('cu', { active: true })));
    expect([updated.status, (updated.body as Patient).id]).toEqual([200, (created.body as Patient).id]);
    const patched = await agent()
      .patch(`${base}/Patient?identifier=urn:test|cu`)
      .set('Content-Type', 'application/json-patch+json')
      .send(JSON.stringify([{ op: 'replace', path: '/active', value: false }]));
    expect([patched.status, (patched.body as Patient).active]).toEqual([200, false]);
    await post('Patient', identified('cu'));
    expect((await agent().delete(`${base}/Patient?identifier=urn:test|cu`)).status).toBe(412);
    expect((await agent().delete(`${base}/Patient?identifier=urn:test|none`)).status).toBe(204);
    expect((await agent().delete(`${base}/Patient`)).status).toBe(412);
    expect((await agent().delete(`${base}/Patient?nonsense=1`)).status).toBe(400);
  });
});

describe('patch', () => {
  it('takes JSON Patch, JSON Merge Patch and FHIRPath Patch, and changes nothing when one fails', async () => {
    await put('Patient/p', patient({ id: 'p', active: true }));
    const send = (type: string, body: unknown) =>
      agent().patch(`${base}/Patient/p`).set('Content-Type', type).send(JSON.stringify(body));
    expect((await send('application/merge-patch+json', { gender: 'female' })).body).toMatchObject({
      gender: 'female',
    });
    const parameters = {
      resourceType: 'Parameters',
      parameter: [
        {
          name: 'operation',
          part: [
            { name: 'type', valueCode: 'replace' },
            { name: 'path', valueString: 'Patient.gender' },
            { name: 'value', valueCode: 'other' },
          ],
        },
      ],
    };
    expect((await send(json, parameters)).body).toMatchObject({ gender: 'other' });
    const before = await agent().get(`${base}/Patient/p`);
    expect(
      (await send('application/json-patch+json', [{ op: 'test', path: '/active', value: false }])).status,
    ).toBeGreaterThanOrEqual(400);
    expect(
      (await send('application/json-patch+json', [{ op: 'replace', path: '/id', value: 'q' }])).status,
    ).toBe(422);
    expect(
      (await send('application/json-patch+json', [{ op: 'add', path: '/gender', value: 'nonsense' }])).status,
    ).toBe(422);
    expect((await agent().get(`${base}/Patient/p`)).body).toEqual(before.body);
  });

  it('a FHIRPath Patch may add a contained resource and the reference to it', async () => {
    await put('Patient/holder', patient({ id: 'holder' }));
    const add = (name: string, value: object) => ({
      name: 'operation',
      part: [
        { name: 'type', valueCode: 'add' },
        { name: 'path', valueString: 'Patient' },
        { name: 'name', valueString: name },
        { name: 'value', ...value },
      ],
    });
    const reference = add('managingOrganization', { valueReference: { reference: '#org' } });
    const send = (parameter: object[]) =>
      agent()
        .patch(`${base}/Patient/holder`)
        .set('Content-Type', json)
        .send(JSON.stringify({ resourceType: 'Parameters', parameter }));
    // What nothing contains is refused where it is judged: on the outcome.
    expect((await send([reference])).status).toBe(422);
    const organization = { resourceType: 'Organization', id: 'org', name: 'Within' };
    const both = await send([add('contained', { resource: organization }), reference]);
    expect(both.body).toMatchObject({
      contained: [organization],
      managingOrganization: { reference: '#org' },
    });
  });
});

describe('history', () => {
  it('tells instance, type and system, newest first, deletions included, page by page', async () => {
    await put('Patient/h', patient({ id: 'h' }));
    await put('Patient/h', patient({ id: 'h', active: true }));
    await agent().delete(`${base}/Patient/h`);
    const history = (await agent().get(`${base}/Patient/h/_history`)).body as Bundle;
    expect(history.type).toBe('history');
    expect(history.entry?.map(({ request: asked }) => asked?.method)).toEqual([
      'DELETE',
      'PUT',
      expect.stringMatching(/PUT|POST/) as string,
    ]);
    const page = (await agent().get(`${base}/Patient/_history?_count=2`)).body as Bundle;
    expect(page.entry).toHaveLength(2);
    const next = page.link?.find(({ relation }) => relation === 'next')?.url ?? '';
    const second = (await agent().get(new URL(next).pathname + new URL(next).search)).body as Bundle;
    expect(second.entry?.[0]?.fullUrl).toBeDefined();
    expect((await agent().get(`${base}/_history?_count=1`)).status).toBe(200);
    expect((await agent().get(`${base}/Patient/nobody/_history`)).status).toBe(404);
    const counted = (await agent().get(`${base}/Patient/h/_history?_count=0`)).body as Bundle;
    expect([counted.total, counted.entry ?? []]).toEqual([3, []]);
    expect((await agent().get(`${base}/Patient/nobody/_history?_count=0`)).status).toBe(404);
  });
});

describe('search', () => {
  it('finds, pages stably, refuses unknown parameters by name and drops them when lenient', async () => {
    for (let i = 0; i < 5; i += 1)
      await put(`Device/d${i}`, { resourceType: 'Device', id: `d${i}`, manufacturer: 'Acme' });
    const first = (await agent().get(`${base}/Device?manufacturer=acme&_count=2`)).body as Bundle;
    expect(first.entry).toHaveLength(2);
    const seen: (string | undefined)[] = [];
    for (let page: Bundle | undefined = first; page !== undefined;) {
      seen.push(...(page.entry ?? []).map(({ resource }) => resource?.id));
      const next: string | undefined = page.link?.find(({ relation }) => relation === 'next')?.url;
      page =
        next === undefined
          ? undefined
          : ((await agent().get(new URL(next).pathname + new URL(next).search)).body as Bundle);
    }
    expect(seen.sort()).toEqual(['d0', 'd1', 'd2', 'd3', 'd4']);
    const unknown = await agent().get(`${base}/Device?foo=1&bar=2`);
    expect(unknown.status).toBe(400);
    expect(JSON.stringify(unknown.body)).toMatch(/foo.*bar/s);
    const lenient = (await agent().get(`${base}/Device?foo=1`).set('Prefer', 'handling=lenient'))
      .body as Bundle;
    expect(lenient.entry?.some(({ search }) => search?.mode === 'outcome')).toBe(true);
    const posted = await agent()
      .post(`${base}/Device/_search`)
      .type('form')
      .send('manufacturer=acme&_summary=count');
    expect(posted.body).toMatchObject({ total: 5 });
  });
});

describe('audit', () => {
  it('has an entry for every access, refused ones too', async () => {
    await put('Patient/audited', patient({ id: 'audited' }));
    await agent().get(`${base}/Patient/audited`);
    await agent().get(`${base}/Patient/no-such-patient`);
    await test.house.audit.flush();
    const found = (await agent().get(`${base}/AuditEvent?entity=Patient/audited&_count=50`)).body as Bundle;
    const actions = (found.entry ?? []).map(({ resource }) => (resource as { action?: string }).action);
    expect(actions.sort()).toEqual(['C', 'R']);
    const [own] = found.entry ?? [];
    const id = own?.resource?.id ?? '';
    const changed = await put(`AuditEvent/${id}`, { ...own?.resource, recorded: '2020-01-01T00:00:00Z' });
    expect(changed.status).toBe(405);
    expect((await agent().delete(`${base}/AuditEvent/${id}`)).status).toBe(405);
    expect((await agent().get(`${base}/AuditEvent/${id}`)).body).toEqual(own?.resource);
  });
});
