import type { Bundle, OperationOutcome } from '@medplum/fhirtypes';
import request from 'supertest';
import { testHouse, type TestHouse } from '../support/house';
import { base, json } from './clients';

/** Transactions: their size, their order, their conflicts, and what references become. https://hl7.org/fhir/R4/http.html#trules */
let test: TestHouse;

beforeAll(async () => {
  test = await testHouse({ FHIR_AUTH: 'off' });
});
afterAll(() => test.close());

const get = (path: string) => request(test.app).get(`${base}/${path}`);
const put = (path: string, body: object) =>
  request(test.app).put(`${base}/${path}`).set('Content-Type', json).send(JSON.stringify(body));
const bundle = (entry: object[], type = 'transaction') =>
  request(test.app)
    .post(base)
    .set('Content-Type', json)
    .send(JSON.stringify({ resourceType: 'Bundle', type, entry }));
const statuses = (answer: { body: unknown }) =>
  ((answer.body as Bundle).entry ?? []).map(({ response }) => response?.status);
const person = (more: object = {}) => ({ resourceType: 'Patient', ...more });
const identified = (value: string, more: object = {}) =>
  person({ identifier: [{ system: 'urn:t', value }], ...more });

describe('size', () => {
  it('takes 5,000 entries and 12 MB in one transaction', async () => {
    const entry = Array.from({ length: 5000 }, (_, i) => ({
      fullUrl: `urn:uuid:00000000-0000-4000-8000-${String(i).padStart(12, '0')}`,
      resource: {
        resourceType: 'Observation',
        status: 'final',
        code: { coding: [{ system: 'urn:big', code: 'x' }] },
        note: [{ text: 'n'.repeat(2200) }],
        ...(i > 0 && { hasMember: [{ reference: 'urn:uuid:00000000-0000-4000-8000-000000000000' }] }),
      },
      request: { method: 'POST', url: 'Observation' },
    }));
    const answer = await bundle(entry).set('Prefer', 'return=minimal');
    expect(answer.status).toBe(200);
    expect(statuses(answer)).toEqual(Array(5000).fill('201'));
    expect((answer.body as Bundle).entry?.some(({ resource }) => resource !== undefined)).toBe(false);
    expect(((await get('Observation?code=urn:big|x&_summary=count')).body as Bundle).total).toBe(5000);
  }, 120_000);

  it('refuses more entries than the limit with 413', async () => {
    const entry = Array.from({ length: 25_001 }, () => ({ request: { method: 'GET', url: 'Patient/x' } }));
    expect((await bundle(entry)).status).toBe(413);
  });
});

describe('order and conflicts', () => {
  it('deletes before it creates, so that a conditional create meets what is left; reads see the result', async () => {
    await put('Patient/old', identified('order', { id: 'old' }));
    const answer = await bundle([
      { request: { method: 'GET', url: 'Patient?identifier=urn:t|order&_elements=identifier' } },
      {
        resource: identified('order'),
        request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=urn:t|order' },
      },
      { request: { method: 'DELETE', url: 'Patient/old' } },
    ]);
    expect([answer.status, statuses(answer)]).toEqual([200, ['200', '201', '204']]);
    const seen = (answer.body as Bundle).entry?.[0]?.resource as Bundle;
    expect(seen.entry?.map(({ resource }) => resource?.id)).not.toContain('old');
    expect(seen.entry?.[0]?.resource?.meta?.tag).toContainEqual(
      expect.objectContaining({ code: 'SUBSETTED' }),
    );
  });

  it('resolves conditional references last: to what other entries write, not to what they delete', async () => {
    await put('Patient/gone', identified('linked', { id: 'gone' }));
    const about = {
      resource: {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'x' },
        subject: { reference: 'Patient?identifier=urn:t|linked' },
      },
      request: { method: 'POST', url: 'Observation' },
    };
    const answer = await bundle([
      about,
      { resource: identified('linked', { id: 'new' }), request: { method: 'PUT', url: 'Patient/new' } },
      { request: { method: 'DELETE', url: 'Patient/gone' } },
    ]);
    expect([answer.status, statuses(answer)]).toEqual([200, ['201', '201', '204']]);
    const [observation] = (answer.body as Bundle).entry ?? [];
    expect(observation?.resource).toMatchObject({ subject: { reference: 'Patient/new' } });
    expect((await bundle([{ request: { method: 'DELETE', url: 'Patient/new' } }, about])).status).toBe(412);
    expect((await get('Patient/new')).status).toBe(200);
  });

  it('refuses entries that overlap, by id or by criteria, and says which', async () => {
    const create = {
      resource: identified('twice'),
      request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=urn:t|twice' },
    };
    const both = await bundle([create, create]);
    expect(both.status).toBe(400);
    expect((both.body as OperationOutcome).issue[0]?.expression).toEqual([
      'Bundle.entry[0]',
      'Bundle.entry[1]',
    ]);
    await put('Patient/hit', identified('hit', { id: 'hit' }));
    const overlap = await bundle([
      { request: { method: 'DELETE', url: 'Patient/hit' } },
      {
        resource: identified('hit', { id: 'hit', active: true }),
        request: { method: 'PUT', url: 'Patient/hit' },
      },
    ]);
    expect(overlap.status).toBe(400);
    expect((await get('Patient/hit')).status).toBe(200);
    expect(((await get('Patient?identifier=urn:t|twice')).body as Bundle).total).toBe(0);
  });

  it('holds entries to their If-Match and names the one that fails; nothing is written', async () => {
    await put('Patient/im', person({ id: 'im' }));
    const answer = await bundle([
      { resource: person({ id: 'fresh' }), request: { method: 'PUT', url: 'Patient/fresh' } },
      {
        resource: person({ id: 'im', active: true }),
        request: { method: 'PUT', url: 'Patient/im', ifMatch: 'W/"7"' },
      },
    ]);
    expect(answer.status).toBe(412);
    expect((answer.body as OperationOutcome).issue[0]?.expression).toEqual(['Bundle.entry[1]']);
    expect((await get('Patient/fresh')).status).toBe(404);
  });

  it('updates, patches and deletes by criteria', async () => {
    await put('Patient/cu', identified('cu', { id: 'cu' }));
    await put('Patient/cp', identified('cp', { id: 'cp' }));
    await put('Patient/cd', identified('cd', { id: 'cd' }));
    const data = Buffer.from(JSON.stringify([{ op: 'add', path: '/active', value: true }])).toString(
      'base64',
    );
    const answer = await bundle([
      {
        resource: identified('cu', { gender: 'other' }),
        request: { method: 'PUT', url: 'Patient?identifier=urn:t|cu' },
      },
      {
        resource: { resourceType: 'Binary', contentType: 'application/json-patch+json', data },
        request: { method: 'PATCH', url: 'Patient?identifier=urn:t|cp' },
      },
      { request: { method: 'DELETE', url: 'Patient?identifier=urn:t|cd' } },
    ]);
    expect([answer.status, statuses(answer)]).toEqual([200, ['200', '200', '204']]);
    expect((await get('Patient/cu')).body).toMatchObject({ gender: 'other' });
    expect((await get('Patient/cp')).body).toMatchObject({ active: true });
    expect((await get('Patient/cd')).status).toBe(410);
  });
});

describe('references', () => {
  it('to entries are rewritten in references, attachments, extensions and narratives', async () => {
    const urn = 'urn:uuid:7d0f1e8e-2f3b-4c57-9a3e-5b8f7a6c9d10';
    const binary = 'urn:uuid:7d0f1e8e-2f3b-4c57-9a3e-5b8f7a6c9d11';
    const answer = await bundle([
      {
        fullUrl: 'urn:uuid:7d0f1e8e-2f3b-4c57-9a3e-5b8f7a6c9d12',
        resource: {
          resourceType: 'DocumentReference',
          status: 'current',
          text: {
            status: 'generated',
            div: `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${urn}">who</a></div>`,
          },
          extension: [{ url: 'http://example.org/x', valueUri: urn }],
          subject: { reference: urn },
          content: [{ attachment: { contentType: 'text/plain', url: binary } }],
        },
        request: { method: 'POST', url: 'DocumentReference' },
      },
      { fullUrl: urn, resource: person(), request: { method: 'POST', url: 'Patient' } },
      {
        fullUrl: binary,
        resource: { resourceType: 'Binary', contentType: 'text/plain', data: 'aGk=' },
        request: { method: 'POST', url: 'Binary' },
      },
    ]);
    expect([answer.status, answer.status === 200 ? '' : answer.text]).toEqual([200, '']);
    const [document, patient, content] = ((answer.body as Bundle).entry ?? []).map(({ response }) =>
      response?.location?.replace(/\/_history.*/, ''),
    );
    const read = await get(document ?? '');
    expect(read.text).not.toContain('urn:uuid');
    expect(read.body).toMatchObject({
      subject: { reference: patient },
      extension: [{ valueUri: patient }],
      content: [{ attachment: { url: content } }],
    });
    expect((read.body as { text: { div: string } }).text.div).toContain(`href="${patient}"`);
  });
});
