import request from 'supertest';
import { type Api, DOCUMENTED, openApi } from './support';

/** What is refused, how it is told, and in which order the reasons come. */
let api: Api;
let sender: { id: string; key: string };

beforeAll(async () => {
  api = await openApi();
  sender = await api.practice('Camelback Family Medicine');
  await api.practice('Sonora Behavioral Health');
}, 60_000);
afterAll(() => api.close());

let clients = 0;
/** A body for a client that nobody has sent yet. */
const fresh = (more: object = {}): Record<string, unknown> => {
  clients += 1;
  return { ...DOCUMENTED, client_ahcccs_id: `AZ${clients}`, ...more };
};

const REQUIRED = [
  'client_first',
  'client_last',
  'sent_to_practice',
  'service_needed',
  'level_of_care',
  'clinical_justification',
];

test('all missing fields at once', async () => {
  const { status, body } = await api.call('post', '/referrals', { key: sender.key, body: {} });
  expect({ status, body: body as object }).toEqual({
    status: 422,
    body: { error: REQUIRED.map((field) => `${field} is required`).join('; ') },
  });
});

test.each([
  [{ clinical_justification: '  too short   ' }, /^clinical_justification must be a text of at least 10/],
  [{ clinical_justification: '              ' }, /^clinical_justification must/],
  [{ client_first: '' }, /^client_first must be a text of 1 to 200 characters$/],
  [{ client_first: ' ' }, /^client_first must be a text/],
  [{ client_first: 7 }, /^client_first must be a text/],
  [{ client_first: 'a\u0000b' }, /^client_first must/],
  [{ client_last: '\ud800' }, /^client_last must/],
  [{ client_dob: '1985-02-30' }, /^client_dob must be a date of birth \(YYYY-MM-DD\)$/],
  [{ client_dob: '2999-01-01' }, /^client_dob must/],
  [{ diagnosis: 'alcohol' }, /^diagnosis must be an ICD-10-CM code/],
  [{ risk_level: 'severe' }, /^risk_level must be one of low, medium, high$/],
  [{ is_urgent: 'yes' }, /^is_urgent must be true or false$/],
  [{ status: 'pending' }, /^unknown field: status$/],
  [{ id: 'x', created_at: 'y' }, /^unknown field: id; unknown field: created_at$/],
  [{ risk_level: 'x', diagnosis: 'y', extra: 1 }, /unknown field: extra.*diagnosis must.*risk_level must/],
])('a field that does not fit is named and its value not echoed: %j', async (change, message) => {
  const { status, body } = await api.call('post', '/referrals', { key: sender.key, body: fresh(change) });
  expect({ status, body: body as object }).toEqual({
    status: 422,
    body: { error: expect.stringMatching(message) as string },
  });
  expect(JSON.stringify(body)).not.toMatch(/alcohol|severe|too short|1985|2999/);
});

test.each([
  ['{"client_first":', {}],
  ['[]', {}],
  ['null', {}],
  ['', {}],
  [JSON.stringify(DOCUMENTED), { 'Content-Type': 'text/plain' }],
  [JSON.stringify(DOCUMENTED), { 'Content-Type': 'application/x-www-form-urlencoded' }],
])('a body that is no JSON object is 422: %s %j', async (raw, headers) => {
  expect((await api.call('post', '/referrals', { key: sender.key, raw, headers })).status).toBe(422);
});

test('too long a text is told how long it may be', async () => {
  const body = fresh({ clinical_justification: 'x'.repeat(10_001) });
  const { status, body: refusal } = await api.call('post', '/referrals', { key: sender.key, body });
  const error =
    'clinical_justification must be a text of at least 10 characters, at most 10000 (ARS 36-2212)';
  expect([status, refusal]).toEqual([422, { error }]);
});

test('too large a body is 413', async () => {
  const raw = JSON.stringify({ ...DOCUMENTED, clinical_justification: 'x'.repeat(300_000) });
  expect((await api.call('post', '/referrals', { key: sender.key, raw })).status).toBe(413);
});

test.each([
  ['/referrals?limit=0', /limit must be a whole number, at least 1/],
  ['/referrals?limit=-1', /limit/],
  ['/referrals?limit=1.5', /limit/],
  ['/referrals?limit=', /limit/],
  ['/referrals?offset=-1', /offset must be a whole number, at least 0/],
  ['/referrals?status=open', /status must be one of pending, accepted, declined, scheduled, completed/],
  ['/referrals?page=2&sort=x', /unknown query parameter: page; unknown query parameter: sort/],
  ['/referrals?limit=1&limit=2', /limit is given more than once/],
  ['/referrals/nobody?x=1', /unknown query parameter: x/],
])('%s is 422', async (path, message) => {
  const { status, body } = await api.call('get', path, { key: sender.key });
  expect({ status, body: body as object }).toEqual({
    status: 422,
    body: { error: expect.stringMatching(message) as string },
  });
});

test('a limit above 100 is taken as 100', async () => {
  const { status, body } = await api.call('get', '/referrals?limit=5000&offset=999999999999', {
    key: sender.key,
  });
  expect({ status, body: body as object }).toMatchObject({
    status: 200,
    body: { data: [], limit: 100, offset: 999_999_999_999 },
  });
});

test('keys: missing, malformed, revoked, without the scope; 401 and 403 come before 404 and 422', async () => {
  const reader = await api.practice('Reader', { scopes: ['referrals:read'] });
  const revoked = await api.practice('Revoked');
  const [key] = await api.house.identity.keys.list(revoked.id);
  await api.house.identity.keys.revoke(key?.id ?? '');
  for (const wrong of [undefined, 'hrx_nothing', 'nothing', revoked.key]) {
    const options = wrong === undefined ? {} : { key: wrong };
    const { status, body } = await api.call('post', '/referrals', { ...options, raw: '{' });
    expect({ status, body: body as object }).toEqual({
      status: 401,
      body: { error: 'Missing or invalid API key' },
    });
  }
  expect((await api.call('post', '/referrals', { key: reader.key, raw: '{' })).status).toBe(403);
  expect((await api.call('patch', '/referrals/nobody', { key: reader.key, body: {} })).status).toBe(403);
  expect((await api.call('get', '/providers', { key: reader.key })).status).toBe(403);
  expect((await api.call('post', '/match', { key: reader.key, raw: '{' })).status).toBe(403);
  expect((await api.call('get', '/referrals', { key: reader.key })).status).toBe(200);
});

test('unknown paths and methods are 404 in the documented form', async () => {
  for (const [method, path] of [
    ['get', '/nothing'],
    ['delete', '/referrals/x'],
    ['put', '/referrals'],
    ['get', '/match'],
    ['get', '/referrals/%E0%A4%A'],
  ] as const) {
    const { status, body } = await api.call(method, path, { key: sender.key });
    expect([status, body]).toEqual([
      404,
      { error: expect.stringContaining('nothing at this path') as string },
    ]);
  }
});

test('a PATCH takes status and outcome_notes and nothing else', async () => {
  const { id } = (await api.call('post', '/referrals', { key: sender.key, body: fresh() })).body as {
    id: string;
  };
  const patch = (to: string, body: object) =>
    api.call('patch', `/referrals/${to}`, { key: sender.key, body });
  for (const body of [
    {},
    { status: 'open' },
    { status: null },
    { outcome_notes: '' },
    { client_first: 'X' },
    { status: 'accepted', id: 'x' },
  ]) {
    expect((await patch(id, body)).status).toBe(422);
  }
  const { body: after } = await api.call('get', `/referrals/${id}`, { key: sender.key });
  expect(after).toMatchObject({ status: 'pending', outcome_notes: null });
  expect((await patch('00000000-0000-4000-8000-000000000000', { status: 'accepted' })).status).toBe(404);
  expect((await patch('no%20id', { status: 'accepted' })).status).toBe(404);
});

test('every answer tells what is left, and a full window is 429 before 403 and 422', async () => {
  const small = await api.practice('Small', { plan: 'Free', scopes: ['providers:read'] });
  const left: (string | undefined)[] = [];
  for (let i = 0; i < 10; i++) {
    const { headers } = await api.call('get', '/providers', { key: small.key });
    left.push(headers['ratelimit-remaining'] as string);
    expect(headers).toMatchObject({
      'ratelimit-limit': '10',
      'ratelimit-reset': expect.stringMatching(/^\d+$/) as string,
    });
  }
  expect(left).toEqual(['9', '8', '7', '6', '5', '4', '3', '2', '1', '0']);
  const other = await api.practice('Other', { plan: 'Free' });
  const unknown = await api.call('get', '/nowhere', { key: other.key });
  const large = await api.call('post', '/referrals', { key: other.key, raw: 'x'.repeat(300_000) });
  expect([unknown, large].map((answer) => [answer.status, answer.headers['ratelimit-remaining']])).toEqual([
    [404, '9'],
    [413, '8'],
  ]);
  const nobody = await api.call('get', '/referrals');
  expect([nobody.status, nobody.headers['www-authenticate']]).toEqual([401, 'Bearer']);
  const { status, headers, body } = await api.call('post', '/referrals', { key: small.key, raw: '{' });
  expect({ status, body: body as object }).toEqual({
    status: 429,
    body: { error: expect.stringContaining('Rate limit') as string },
  });
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
});

test('the OpenAPI document is open, and has the documented endpoints and no others', async () => {
  const { status, body } = await request(api.app).get('/api/v1/openapi.json');
  const { openapi, paths, components } = body as OpenApi;
  expect([status, openapi]).toEqual([200, '3.1.0']);
  const endpoints = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect(endpoints.sort()).toEqual([
    'get /providers',
    'get /referrals',
    'get /referrals/{id}',
    'patch /referrals/{id}',
    'post /match',
    'post /referrals',
  ]);
  expect(Object.keys(components.schemas['NewReferral']?.properties ?? {})).toEqual(Object.keys(DOCUMENTED));
  const referenced = [...JSON.stringify(paths).matchAll(/#\/components\/schemas\/(\w+)/g)].map(
    ([, name]) => name,
  );
  for (const name of referenced) expect(components.schemas).toHaveProperty(name ?? '');
});

interface OpenApi {
  openapi: string;
  paths: Record<string, object>;
  components: { schemas: Record<string, { properties?: object }> };
}
