import express from 'express';
import request from 'supertest';
import type { AuditEvent } from '@medplum/fhirtypes';
import { createAuditFace } from '../../src/faces/audit';
import { ANONYMOUS, mountFace, type Exchange } from '../../src/http';
import { ProblemError } from '../../src/fhir';
import type { Principal } from '../../src/identity';
import { draft, openHouse, verifyText, type House } from './house';

const PRINCIPALS: Record<string, Partial<Principal>> = {
  reviewer: { kind: 'user', id: 'u1', role: 'compliance' },
  sonora: { kind: 'user', id: 'u2', role: 'compliance', practice: 'sonora' },
  admin: { kind: 'user', id: 'u3', role: 'admin' },
  client: { kind: 'client', id: 'c1', scopes: ['system/AuditEvent.rs'] },
  reader: { kind: 'client', id: 'c2', scopes: ['system/Patient.rs'] },
  key: { kind: 'key', id: 'k1' },
};

describe('/audit', () => {
  let house: House;
  let app: express.Application;
  beforeAll(async () => {
    house = await openHouse();
    await house.audit.trail.record(draft());
    await house.audit.trail.record(draft({ outcome: '4', outcomeText: '404 not-found' }));
    await house.audit.trail.record(
      draft({ agent: { kind: 'key', id: 'k9', name: 'Other', practice: 'other', address: '192.0.2.9' } }),
    );
    const authenticate = (x: Exchange): Promise<Principal> => {
      const found = PRINCIPALS[x.req.get('authorization') ?? ''];
      return found === undefined
        ? Promise.reject(new ProblemError('unauthorized', 'Who?'))
        : Promise.resolve({ ...ANONYMOUS, ...found });
    };
    const allows = ({ scopes }: Principal): boolean => scopes.includes('system/AuditEvent.rs');
    const face = createAuditFace({ audit: house.audit, authenticate, allows });
    app = express();
    mountFace(app, face, { trail: house.audit.trail, observe: () => undefined });
  });
  afterAll(() => house.close());

  const get = (path: string, who = 'reviewer') =>
    request(app).get(`/audit${path}`).set('Authorization', who).buffer(true).parse(collect);
  const events = (text: string): AuditEvent[] =>
    text
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as AuditEvent);

  it.each(['bundle', 'ndjson', 'csv'])('exports %s that verifies', async (format) => {
    const { status, body } = await get(`/export?format=${format}`);
    expect(status).toBe(200);
    expect(await verifyText(house.folder, body as Buffer)).toMatchObject({ ok: true });
  });

  it.each([
    ['reviewer', 200],
    ['client', 200],
    ['admin', 403],
    ['reader', 403],
    ['key', 403],
    ['nobody', 401],
  ])('lets %s have it: %i', async (who, status) => {
    expect((await get('/export', who)).status).toBe(status);
  });

  it('says how to authenticate, also to who shows a token that is none', async () => {
    const { status, headers } = await get('/export', 'nobody');
    expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer']);
  });

  it('records every export, and every refusal', async () => {
    const before = events(String((await get('/export?format=ndjson')).body)).length;
    await get('/export', 'admin');
    const after = events(String((await get('/export?format=ndjson')).body));
    expect(after.slice(before).map(({ outcome, subtype }) => [outcome, subtype?.at(-1)?.code])).toEqual([
      ['0', 'export'],
      ['4', 'export'],
    ]);
  });

  it('filters, and shows the users of a practice their own events only', async () => {
    const refused = events(String((await get('/export?format=ndjson&outcome=4&patient=p1')).body));
    expect(refused.map(({ outcome }) => outcome)).toEqual(['4']);
    const own = events(String((await get('/export?format=ndjson&action=R', 'sonora')).body));
    expect(own).toHaveLength(2);
    expect((await get('/export?practice=other', 'sonora')).status).toBe(403);
  });

  it.each([
    '/export?colour=red',
    '/export?action=X',
    '/export?outcome=5',
    '/export?from=yesterday',
    '/export?to=2026-02-30',
    '/export?format=xml',
    '/export?practice=nobody',
    '/export?action=R&action=C',
    '/report/access',
    '/report/refusals?format=doc',
  ])('refuses %s with 400', async (path) => {
    const { status, body } = await get(path);
    expect(status).toBe(400);
    expect(JSON.parse(String(body))).toMatchObject({ resourceType: 'OperationOutcome' });
  });

  it('resumes NDJSON where it broke off', async () => {
    const whole = await get('/export?format=ndjson&to=2100-01-01');
    const size = whole.headers['audit-log-size'];
    const first = `${String(whole.body).split('\n')[0] ?? ''}\n`;
    const rest = await get(`/export?format=ndjson&to=2100-01-01&size=${size}&after=0`);
    expect(await verifyText(house.folder, first + String(rest.body))).toMatchObject({ ok: true });
  });

  it('publishes its keys to everybody, and draws reports', async () => {
    const keys = await request(app).get('/audit/keys');
    expect(keys.body).toMatchObject({ keys: [{ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA' }] });
    const report = await get('/report/refusals?format=json');
    expect(JSON.parse(String(report.body))).toMatchObject({
      rows: expect.arrayContaining([expect.objectContaining({ reason: '404 not-found' })]),
    });
    const pdf = await get('/report/access?patient=p1&format=pdf');
    expect(String(pdf.body).slice(0, 5)).toBe('%PDF-');
    expect(String((await get('/export?format=pdf')).body).slice(0, 5)).toBe('%PDF-');
  });
});

/** The body as bytes, whatever its type. */
function collect(res: request.Response, done: (error: Error | null, body: Buffer) => void): void {
  const pieces: Buffer[] = [];
  const stream = res as unknown as NodeJS.ReadableStream;
  stream.on('data', (piece: Buffer) => pieces.push(Buffer.from(piece)));
  stream.on('end', () => done(null, Buffer.concat(pieces)));
  stream.on('error', (error) => done(error, Buffer.alloc(0)));
}
