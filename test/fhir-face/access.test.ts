import type { Bundle } from '@medplum/fhirtypes';
import request from 'supertest';
import { testHouse, type TestHouse } from '../support/house';
import { base, callerWith, type Caller } from './clients';

/** SMART scopes and practices over HTTP. Decisions, "Access"; https://hl7.org/fhir/smart-app-launch/STU2/scopes-and-launch-context.html */
let test: TestHouse;
let all: Caller;

const observation = (id: string, code: string, more: object = {}) => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  category: [
    {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/observation-category', code }],
    },
  ],
  code: { coding: [{ system: 'http://loinc.org', code: '1-8' }] },
  subject: { reference: 'Patient/p' },
  ...more,
});
const ids = (answer: { body: unknown }): string[] =>
  ((answer.body as Bundle).entry ?? [])
    .map(({ resource }) => `${resource?.resourceType}/${resource?.id}`)
    .sort();

beforeAll(async () => {
  test = await testHouse();
  all = await callerWith(test, 'system/*.*');
  await all.send('put', 'Patient/p', {
    resourceType: 'Patient',
    id: 'p',
    gender: 'female',
    name: [{ family: 'Ames' }],
  });
  await all.send('put', 'Observation/lab', observation('lab', 'laboratory'));
  await all.send('put', 'Observation/vital', observation('vital', 'vital-signs'));
  await all.send('put', 'List/l', {
    resourceType: 'List',
    id: 'l',
    status: 'current',
    mode: 'working',
    entry: [{ item: { reference: 'Observation/vital' } }],
  });
});
afterAll(() => test.close());

describe('letters', () => {
  it('are needed each for its own interactions', async () => {
    const reads = await callerWith(test, 'system/Patient.r');
    expect((await reads.get('Patient/p')).status).toBe(200);
    expect((await reads.get('Patient/p/_history')).status).toBe(200);
    expect((await reads.get('Patient?name=ames')).status).toBe(403);
    expect((await reads.get('?_type=Patient')).status).toBe(403);
    expect(ids(await reads.get('?_id=p'))).toEqual([]);
    expect((await reads.get('Observation/lab')).status).toBe(403);
    expect((await reads.delete('Patient/p')).status).toBe(403);
    expect((await reads.send('put', 'Patient/p', { resourceType: 'Patient', id: 'p' })).status).toBe(403);
    expect((await reads.send('post', 'Patient', { resourceType: 'Patient' })).status).toBe(403);
  });

  it('c lets a PUT create and not change, u change and not create', async () => {
    const creates = await callerWith(test, 'system/Patient.c');
    expect((await creates.send('put', 'Patient/new', { resourceType: 'Patient', id: 'new' })).status).toBe(
      201,
    );
    expect(
      (await creates.send('put', 'Patient/new', { resourceType: 'Patient', id: 'new', active: true })).status,
    ).toBe(403);
    const updates = await callerWith(test, 'system/Patient.u');
    expect(
      (await updates.send('put', 'Patient/new', { resourceType: 'Patient', id: 'new', active: true })).status,
    ).toBe(200);
    expect(
      (await updates.send('put', 'Patient/other', { resourceType: 'Patient', id: 'other' })).status,
    ).toBe(403);
    expect((await updates.get('Patient/new')).status).toBe(403);
  });

  it('s is needed by conditional writes', async () => {
    const writes = await callerWith(test, 'system/Patient.crud');
    const person = { resourceType: 'Patient', identifier: [{ system: 'urn:c', value: '1' }] };
    expect(
      (await writes.send('post', 'Patient', person).set('If-None-Exist', 'identifier=urn:c|1')).status,
    ).toBe(403);
    expect((await writes.send('put', 'Patient?identifier=urn:c|1', person)).status).toBe(403);
    expect((await writes.delete('Patient?identifier=urn:c|1')).status).toBe(403);
    const merge = await writes.send(
      'patch',
      'Patient?identifier=urn:c|1',
      { active: true },
      'application/merge-patch+json',
    );
    expect(merge.status).toBe(403);
  });

  it('hold in chains, _has, _filter, _list and includes: what is hidden answers alike for right and wrong guesses', async () => {
    const some = await callerWith(test, 'system/Observation.rs system/Patient.r');
    for (const right of [
      'subject:Patient.name=ames',
      '_filter=subject.name eq ames',
      '_list=l',
      '_has:Provenance:target:agent=x',
    ]) {
      const answer = await some.get(`Observation?${right}`);
      expect([right, answer.status === 200 ? ids(answer) : []]).toEqual([right, []]);
    }
    expect(ids(await some.get('Observation?_include=Observation:subject'))).toEqual([
      'Observation/lab',
      'Observation/vital',
      'Patient/p',
    ]);
    const alone = await callerWith(test, 'system/Observation.rs');
    expect(ids(await alone.get('Observation?_include=Observation:subject'))).toEqual([
      'Observation/lab',
      'Observation/vital',
    ]);
    const people = await callerWith(test, 'system/Patient.rs');
    expect(ids(await people.get('Patient?_id=p&_revinclude=Observation:subject'))).toEqual(['Patient/p']);
    expect(ids(await people.get('Patient?_has:Observation:subject:code=1-8'))).toEqual([]);
    expect((await people.get('Patient/p/Observation')).status).toBe(403);
    expect(ids(await people.get('Patient/p/*'))).toEqual(['Patient/p']);
    expect(ids(await people.get('Patient/p/$everything'))).toEqual(['Patient/p']);
    expect(ids(await all.get('Observation?subject:Patient.name=ames'))).toHaveLength(2);
  });
});

describe('filters', () => {
  it('limit reads, searches, history, includes, $everything and bundles to their rows', async () => {
    const labs = await callerWith(test, 'system/Observation.rs?category=laboratory system/Patient.rs');
    expect((await labs.get('Observation/lab')).status).toBe(200);
    expect((await labs.get('Observation/vital')).status).toBe(404);
    expect((await labs.get('Observation/vital/_history')).status).toBe(404);
    expect((await labs.get('Observation/vital/_history/1')).status).toBe(404);
    expect((await labs.get('Observation/vital/$meta')).status).toBe(404);
    expect(ids(await labs.get('Observation'))).toEqual(['Observation/lab']);
    expect(((await labs.get('Observation?_summary=count')).body as Bundle).total).toBe(1);
    expect(ids(await labs.get('Observation/_history'))).toEqual(['Observation/lab']);
    expect(ids(await labs.get('Patient?_revinclude=Observation:subject&_id=p'))).toEqual([
      'Observation/lab',
      'Patient/p',
    ]);
    expect(ids(await labs.get('Patient/p/$everything'))).toEqual(['Observation/lab', 'Patient/p']);
    const batch = await labs.send('post', '', {
      resourceType: 'Bundle',
      type: 'batch',
      entry: ['Observation/vital', 'Observation/lab', 'Encounter/x'].map((url) => ({
        request: { method: 'GET', url },
      })),
    });
    expect((batch.body as Bundle).entry?.map(({ response }) => response?.status)).toEqual([
      '404',
      '200',
      '403',
    ]);
  });

  it('limit writes: what is there and what is to be written must both be within', async () => {
    const labs = await callerWith(test, 'system/Observation.cruds?category=laboratory');
    expect(
      (await labs.send('post', 'Observation', observation('', 'laboratory', { id: undefined }))).status,
    ).toBe(201);
    expect(
      (await labs.send('post', 'Observation', observation('', 'vital-signs', { id: undefined }))).status,
    ).toBe(403);
    expect((await labs.send('put', 'Observation/mine', observation('mine', 'laboratory'))).status).toBe(201);
    expect((await labs.send('put', 'Observation/mine', observation('mine', 'vital-signs'))).status).toBe(403);
    expect((await labs.send('put', 'Observation/vital', observation('vital', 'laboratory'))).status).toBe(
      404,
    );
    expect((await labs.delete('Observation/vital')).status).toBe(404);
    const path = '/category/0/coding/0/code';
    const patch = [{ op: 'replace', path, value: 'vital-signs' }];
    expect((await labs.send('patch', 'Observation/mine', patch, 'application/json-patch+json')).status).toBe(
      403,
    );
    const entry = {
      resource: observation('two', 'vital-signs'),
      request: { method: 'PUT', url: 'Observation/two' },
    };
    const bundle = await labs.send('post', '', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [entry],
    });
    expect([bundle.status, JSON.stringify(bundle.body).includes('Bundle.entry[0]')]).toEqual([403, true]);
    expect((await all.get('Observation/two')).status).toBe(404);
    expect((await labs.delete('Observation/mine')).status).toBe(204);
  });

  it('tell apart what may be read and not changed (403) from what is not to be seen (404)', async () => {
    const mixed = await callerWith(test, 'system/Observation.rs system/Observation.ud?category=laboratory');
    expect((await mixed.delete('Observation/vital')).status).toBe(403);
    expect((await mixed.send('put', 'Observation/vital', observation('vital', 'laboratory'))).status).toBe(
      403,
    );
    expect((await all.get('Observation/vital')).status).toBe(200);
  });
});

describe('practices', () => {
  it('do not reach the data of each other by any interaction', async () => {
    await test.house.identity.practices.create('Mesa Clinic');
    await test.house.identity.practices.create('Verde Clinic');
    const mesa = await callerWith(test, 'system/*.*', 'Mesa Clinic');
    const verde = await callerWith(test, 'system/*.*', 'Verde Clinic');
    const secret = {
      resourceType: 'Patient',
      id: 'secret',
      name: [{ family: 'Quill' }],
      identifier: [{ system: 'urn:q', value: '7' }],
    };
    expect((await mesa.send('put', 'Patient/secret', secret)).status).toBe(201);
    expect(
      (
        await mesa.send(
          'put',
          'Observation/os',
          observation('os', 'laboratory', { subject: { reference: 'Patient/secret' } }),
        )
      ).status,
    ).toBe(201);
    expect((await mesa.get('Patient/secret')).status).toBe(200);
    for (const path of [
      'Patient/secret',
      'Patient/secret/_history',
      'Patient/secret/_history/1',
      'Patient/secret/$everything',
      'Patient/secret/$meta',
    ]) {
      expect([path, (await verde.get(path)).status]).toEqual([path, 404]);
    }
    for (const path of [
      'Patient?name=quill',
      'Patient?identifier=urn:q|7',
      '?_id=secret',
      'Patient/secret/Observation',
      'Patient/secret/*',
      'Observation?subject:Patient.name=quill',
      'Observation?subject=Patient/secret',
      'Patient/_history',
      'Observation?subject:Patient._has:Observation:subject:code=1-8',
      'Patient?_content=quill',
    ]) {
      const answer = await verde.get(path);
      // Who asked sees the trail of its own asking.
      const seen = ids(answer).filter((each) => !each.startsWith('AuditEvent/'));
      expect([path, answer.status, seen]).toEqual([path, 200, []]);
    }
    expect(ids(await verde.get('_history?_count=1000'))).not.toContain('Patient/secret');
    expect((await verde.send('put', 'Patient/secret', { ...secret, active: true })).status).toBe(404);
    expect(
      (await verde.send('patch', 'Patient/secret', { active: true }, 'application/merge-patch+json')).status,
    ).toBe(404);
    expect((await verde.delete('Patient/secret')).status).toBe(404);
    expect((await verde.delete('Patient?identifier=urn:q|7')).status).toBe(204);
    const meta = {
      resourceType: 'Parameters',
      parameter: [{ name: 'meta', valueMeta: { tag: [{ code: 'x' }] } }],
    };
    expect((await verde.send('post', 'Patient/secret/$meta-add', meta)).status).toBe(404);
    const entry = [{ request: { method: 'DELETE', url: 'Patient/secret' } }];
    expect(
      (await verde.send('post', '', { resourceType: 'Bundle', type: 'transaction', entry })).status,
    ).toBe(404);
    // Its own conditional create makes its own resource.
    const own = await verde
      .send('post', 'Patient', { ...secret, id: undefined })
      .set('If-None-Exist', 'identifier=urn:q|7');
    expect(own.status).toBe(201);
    expect((await mesa.get('Patient/secret')).headers.etag).toBe('W/"1"');
    expect((await all.get('Patient/secret')).status).toBe(200);
  });
});

describe('_explain', () => {
  it('is for operators', async () => {
    const answer = await all.get('Patient?name=ames&_explain=true');
    expect([answer.status, answer.text.includes('_explain')]).toEqual([403, true]);
    const users = [
      { email: 'op@example.org', role: 'operator', status: 200 },
      { email: 'staff@example.org', role: 'staff', status: 401 },
    ] as const;
    for (const { email, role, status } of users) {
      const { password } = await test.house.identity.users.create({ email, name: email, role });
      const login = await request(test.app).post('/v1/auth/login').send({ email, password });
      const { accessToken } = login.body as { accessToken: string };
      const plan = await request(test.app)
        .get(`${base}/Patient?name=ames&_explain=true`)
        .set('Authorization', `Bearer ${accessToken}`);
      expect([role, plan.status]).toEqual([role, status]);
      expect(plan.headers['www-authenticate']).toBe(status === 401 ? 'Bearer' : undefined);
      if (status === 200) expect(plan.text).toContain('IXSCAN');
    }
  });
});
