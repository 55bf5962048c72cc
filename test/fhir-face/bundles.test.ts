import type { Bundle } from '@medplum/fhirtypes';
import request from 'supertest';
import { testHouse, type TestHouse } from '../support/house';
import { base, json } from './clients';

/** Bundles that are run. https://hl7.org/fhir/R4/http.html#transaction */
let test: TestHouse;

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

describe('batch and transaction', () => {
  const bundle = (type: string, entry: object[]) => post('', { resourceType: 'Bundle', type, entry });

  it('rewrites urn:uuid and conditional references everywhere and answers in the order of the request', async () => {
    await put('Organization/org', {
      resourceType: 'Organization',
      id: 'org',
      identifier: [{ system: 'urn:o', value: '1' }],
      name: 'Org',
    });
    const answer = await bundle('transaction', [
      {
        fullUrl: 'urn:uuid:0b3c9b3e-5a8f-4e2e-9c5a-111111111111',
        resource: {
          resourceType: 'Observation',
          status: 'final',
          code: { text: 'x' },
          subject: { reference: 'urn:uuid:0b3c9b3e-5a8f-4e2e-9c5a-222222222222' },
          performer: [{ reference: 'Organization?identifier=urn:o|1' }],
        },
        request: { method: 'POST', url: 'Observation' },
      },
      {
        fullUrl: 'urn:uuid:0b3c9b3e-5a8f-4e2e-9c5a-222222222222',
        resource: patient(),
        request: { method: 'POST', url: 'Patient' },
      },
      { request: { method: 'GET', url: 'Organization/org' } },
    ]);
    expect([answer.status, answer.status === 200 ? '' : answer.text]).toEqual([200, '']);
    const entries = (answer.body as Bundle).entry ?? [];
    expect(entries.map(({ response }) => response?.status)).toEqual(['201', '201', '200']);
    const [observation, person] = entries.map(({ response }) =>
      response?.location?.replace(/\/_history.*/, ''),
    );
    const read = await agent().get(`${base}/${observation}`);
    expect(read.body).toMatchObject({
      subject: { reference: person },
      performer: [{ reference: 'Organization/org' }],
    });
  });

  it('is all or nothing', async () => {
    const answer = await bundle('transaction', [
      { resource: patient({ id: 'half' }), request: { method: 'PUT', url: 'Patient/half' } },
      {
        resource: { resourceType: 'Observation', status: 'final' },
        request: { method: 'POST', url: 'Observation' },
      },
    ]);
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.body)).toContain('Bundle.entry[1]');
    expect((await agent().get(`${base}/Patient/half`)).status).toBe(404);
    const twice = { resource: patient({ id: 'twice' }), request: { method: 'PUT', url: 'Patient/twice' } };
    expect((await bundle('transaction', [twice, twice])).status).toBeGreaterThanOrEqual(400);
    expect((await agent().get(`${base}/Patient/twice`)).status).toBe(404);
  });

  it('runs the entries of a batch alone', async () => {
    const answer = await bundle('batch', [
      { resource: patient({ id: 'alone' }), request: { method: 'PUT', url: 'Patient/alone' } },
      { request: { method: 'GET', url: 'Patient/nobody' } },
      { request: { method: 'GET', url: 'Patient?name=okafor&_count=1' } },
    ]);
    expect((answer.body as Bundle).entry?.map(({ response }) => response?.status)).toEqual([
      '201',
      '404',
      '200',
    ]);
  });
});
