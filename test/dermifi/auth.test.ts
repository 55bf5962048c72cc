import type { AuditEvent } from '@medplum/fhirtypes';
import { TOTP } from 'otpauth';
import { type Api, ERROR_FIELDS, openApi, refusal, UTC } from './support';

let api: Api;

beforeAll(async () => {
  api = await openApi();
}, 60_000);
afterAll(() => api.close());

describe('Authentication API', () => {
  test('login with MFA, refresh and logout as documented', async () => {
    const { practice } = await api.user('staff');
    const made = await api.house.identity.users.create({
      email: 'provider@dermifi.com',
      name: 'Emily Johnson',
      role: 'provider',
      practice,
      mfa: true,
      password: 'SecurePass123!',
    });
    const mfaCode = new TOTP({ secret: made.totpSecret ?? '' }).generate();
    const credentials = { email: 'provider@dermifi.com', password: 'SecurePass123!' };
    const withoutCode = await api.call('post', '/auth/login', { body: credentials });
    expect(refusal(withoutCode)).toEqual({ status: 401, code: 'MFA_REQUIRED', fields: [] });

    const login = await api.call('post', '/auth/login', { body: { ...credentials, mfaCode } });
    expect(login.status).toBe(200);
    const { accessToken, refreshToken } = login.body as { accessToken: string; refreshToken: string };
    expect(login.body).toEqual({
      accessToken: expect.stringMatching(/^eyJ/),
      refreshToken: expect.any(String),
      tokenType: 'Bearer',
      expiresIn: 3600,
      user: {
        id: made.id,
        email: 'provider@dermifi.com',
        role: 'provider',
        permissions: ['read', 'write', 'prescribe'],
      },
    });

    const renewed = await api.call('post', '/auth/refresh', { body: { refreshToken } });
    expect(renewed.status).toBe(200);
    expect(Object.keys(renewed.body as object)).toEqual([
      'accessToken',
      'refreshToken',
      'tokenType',
      'expiresIn',
    ]);

    const logout = await api.call('post', '/auth/logout', { token: accessToken });
    expect([logout.status, logout.text]).toEqual([204, '']);
    const after = await api.call('post', '/auth/logout', { token: accessToken });
    expect(refusal(after)).toEqual({ status: 401, code: 'UNAUTHORIZED', fields: [] });
    const ended = await api.call('post', '/auth/refresh', { body: { refreshToken } });
    expect(ended.status).toBe(401);
  });

  test('a wrong password says the same for known and unknown addresses, and the audit keeps who was tried', async () => {
    const { email } = await api.user('staff');
    const answers = await Promise.all(
      [email, 'nobody@dermifi.example'].map((each) =>
        api.call('post', '/auth/login', { body: { email: each, password: 'wrong password' } }),
      ),
    );
    for (const answer of answers)
      expect(refusal(answer)).toEqual({ status: 401, code: 'INVALID_CREDENTIALS', fields: [] });
    await api.house.audit.flush();
    const events = await api.find<AuditEvent>('AuditEvent', 'outcome=4&_count=100');
    const told = JSON.stringify(events);
    expect(told).toContain(email);
    expect(told).toContain('nobody@dermifi.example');
  });

  test('a body that does not fit is refused with every field', async () => {
    const answer = await api.call('post', '/auth/login', { body: { email: 'no address', mfa: 1 } });
    expect(answer.body).toEqual({
      error: {
        code: 'VALIDATION_ERROR',
        message: 'Invalid request parameters',
        details: expect.arrayContaining([
          { field: 'email', message: 'Invalid email format' },
          { field: 'password', message: 'This field is required' },
          { field: 'mfa', message: 'Unknown field' },
        ]),
        requestId: expect.stringMatching(/^req_/),
        timestamp: expect.stringMatching(UTC),
      },
    });
    expect(Object.keys((answer.body as { error: object }).error)).toEqual(ERROR_FIELDS);
  });
});

describe('errors and limits', () => {
  test('malformed JSON and other content types are 400', async () => {
    const malformed = await api.call('post', '/auth/login', { raw: '{"email":' });
    expect(refusal(malformed)).toEqual({ status: 400, code: 'BAD_REQUEST', fields: [] });
    const form = await api.call('post', '/auth/login', {
      raw: 'email=a',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    });
    expect(refusal(form)).toEqual({ status: 400, code: 'BAD_REQUEST', fields: [] });
    const none = await api.call('post', '/auth/login', { raw: '' });
    expect(refusal(none)).toEqual({ status: 400, code: 'BAD_REQUEST', fields: [] });
  });

  test('an unknown path is 401 without a token and 404 with one; so is an unknown method', async () => {
    const { token } = await api.user('read-only');
    expect((await api.call('get', '/nothing')).status).toBe(401);
    expect(refusal(await api.call('get', '/nothing', { token }))).toEqual({
      status: 404,
      code: 'NOT_FOUND',
      fields: [],
    });
    expect((await api.call('put', '/auth/login', { token })).status).toBe(404);
  });

  test('the limit of the minute refuses with Retry-After, for this user alone', async () => {
    const { token } = await api.user('staff');
    const other = await api.user('staff');
    const statuses: number[] = [];
    for (let i = 0; i < 101; i++) {
      const { status, headers } = await api.call('get', '/nothing', { token });
      statuses.push(status);
      if (i === 0)
        expect([headers['x-ratelimit-limit'], headers['x-ratelimit-remaining']]).toEqual(['1000', '999']);
      if (status === 429) expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    }
    expect(statuses.slice(0, 100).every((status) => status === 404)).toBe(true);
    expect(statuses[100]).toBe(429);
    expect((await api.call('get', '/nothing', { token: other.token })).status).toBe(404);
  });
});

test('addresses outside the allowlist are refused, sign-in included', async () => {
  const closed = await openApi({ IP_ALLOWLIST: '10.0.0.0/8', TRUST_PROXY: '1' });
  try {
    const body = { email: 'a@b.example', password: 'password' };
    expect(refusal(await closed.call('post', '/auth/login', { body }))).toMatchObject({
      status: 403,
      code: 'FORBIDDEN',
    });
    const headers = { 'X-Forwarded-For': '10.1.2.3' };
    expect((await closed.call('post', '/auth/login', { body, headers })).status).toBe(401);
  } finally {
    await closed.close();
  }
}, 60_000);
