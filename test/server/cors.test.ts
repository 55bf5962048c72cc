import type { CapabilityStatement } from '@medplum/fhirtypes';
import request from 'supertest';
import { createApp } from '../../src/app';
import { readConfig } from '../../src/config';
import { testHouse, type TestHouse } from '../support/house';

/** CORS_ORIGINS: which pages may call the APIs. */
const ALLOWED = 'https://app.example';
let it_: TestHouse;
beforeAll(async () => {
  it_ = await testHouse({ FHIR_AUTH: 'off', CORS_ORIGINS: `${ALLOWED}, https://other.example:8443` });
});
afterAll(() => it_.close());

const preflight = (path: string, origin: string, app = it_.app) =>
  request(app)
    .options(path)
    .set('Origin', origin)
    .set('Access-Control-Request-Method', 'PUT')
    .set('Access-Control-Request-Headers', 'authorization,if-match');

const APIS = ['/fhir/R4/Patient/1', '/api/v1/referrals', '/v1/patients', '/oauth2/token', '/audit/export'];

it.each(APIS)(
  'lets a page of an origin that is named ask beforehand at %s, without cookies',
  async (path) => {
    const { status, headers } = await preflight(path, ALLOWED);
    expect([status, headers['access-control-allow-origin'], headers['vary']]).toEqual([
      204,
      ALLOWED,
      expect.stringContaining('Origin'),
    ]);
    expect(headers['access-control-allow-methods']).toContain('PUT');
    expect(headers['access-control-allow-headers']).toContain('if-match');
    expect(headers['access-control-allow-credentials']).toBeUndefined();
  },
);

it('lets it read what answers say in headers, and says so in the CapabilityStatement', async () => {
  const answer = await request(it_.app).get('/fhir/R4/metadata').set('Origin', ALLOWED);
  expect(answer.headers['access-control-allow-origin']).toBe(ALLOWED);
  expect(answer.headers['access-control-expose-headers']).toMatch(/ETag.*Location/);
  expect(answer.headers['vary']).toMatch(/Origin.*Accept-Encoding/);
  expect((answer.body as CapabilityStatement).rest?.[0]?.security?.cors).toBe(true);
});

it('tells other origins nothing, and nobody anything about the dashboard', async () => {
  const other = await preflight('/fhir/R4/Patient/1', 'https://app.example.evil.example');
  expect(other.headers['access-control-allow-origin']).toBeUndefined();
  const portal = await preflight('/portal/session', ALLOWED);
  expect(portal.headers['access-control-allow-origin']).toBeUndefined();
});

it('is off where nobody is named', async () => {
  const { house } = it_;
  const app = createApp({ ...house, config: { ...house.config, corsOrigins: [] } });
  const { status, headers } = await preflight('/fhir/R4/Patient/1', ALLOWED, app);
  expect([status, headers['access-control-allow-origin']]).toEqual([405, undefined]);
});

it.each(['https://app.example/', 'app.example', 'https://app.example/page', 'null'])(
  'refuses to start with %s, which no browser would send as an origin',
  (value) => {
    expect(() => readConfig({ CORS_ORIGINS: value })).toThrow(/^CORS_ORIGINS takes origins such as/);
  },
);
