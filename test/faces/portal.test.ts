import request from 'supertest';
import { TOTP } from 'otpauth';
import type { NewUser } from '../../src/identity';
import { parseSearch } from '../../src/search';
import { EVERYTHING } from '../../src/store';
import { testHouse, type TestHouse } from '../support/house';

let test: TestHouse;
let clinic: string;
let referrer: string;
const people: Record<string, NewUser> = {};

beforeAll(async () => {
  test = await testHouse();
  const { practices, users } = test.house.identity;
  clinic = (await practices.create('Bay Area Dermatology')).id;
  referrer = (await practices.create('Camelback Family Medicine')).id;
  const make = async (role: string, practice?: string, mfa = false) => {
    const named = practice === undefined ? {} : { practice };
    people[role] = await users.create({
      email: `${role}@crosswalk.example`,
      name: `The ${role}`,
      role,
      mfa,
      ...named,
    });
  };
  await make('operator');
  await make('practice-admin', referrer);
  await make('compliance');
  await make('provider', clinic, true);
  await make('staff', clinic);
});

afterAll(() => test.close());

interface SignedIn {
  cookie: string;
  csrf: string;
}

function personOf(role: string): NewUser {
  const person = people[role];
  if (person === undefined) throw new Error(`No ${role} here.`);
  return person;
}

const sessions = new Map<string, SignedIn>();

async function openSession(role: string): Promise<SignedIn> {
  const { email, password, totpSecret } = personOf(role);
  const mfaCode = totpSecret === undefined ? {} : { mfaCode: new TOTP({ secret: totpSecret }).generate() };
  const answer = await request(test.app)
    .post('/portal/session')
    .send({ email, password, ...mfaCode })
    .expect(200);
  const [cookie = ''] = String(answer.headers['set-cookie']).split(';');
  return { cookie, csrf: (answer.body as { csrfToken: string }).csrfToken };
}

async function sessionOf(role: string): Promise<SignedIn> {
  const open = sessions.get(role) ?? (await openSession(role));
  sessions.set(role, open);
  return open;
}

async function get(role: string, path: string) {
  return request(test.app)
    .get(path)
    .set('Cookie', (await sessionOf(role)).cookie);
}

async function post(role: string, path: string, body: object = {}) {
  const { cookie, csrf } = await sessionOf(role);
  return request(test.app).post(path).set('Cookie', cookie).set('X-CSRF-Token', csrf).send(body);
}

describe('sessions of the dashboard', () => {
  it('begin with e-mail, password and code, in a cookie that scripts cannot read', async () => {
    const { email, password } = personOf('provider');
    const asked = await request(test.app).post('/portal/session').send({ email, password }).expect(401);
    expect(asked.body).toMatchObject({ error: { code: 'MFA_REQUIRED' } });
    expect(asked.headers['set-cookie']).toBeUndefined();
    await sessionOf('provider');
    const session = await get('provider', '/portal/session');
    expect(session.body).toMatchObject({
      user: {
        role: 'provider',
        practice: 'Bay Area Dermatology',
        permissions: ['read', 'write', 'prescribe'],
      },
    });
    const answer = await request(test.app)
      .post('/portal/session')
      .send({ email: personOf('staff').email, password: personOf('staff').password });
    expect(answer.headers['set-cookie']?.[0]).toMatch(
      /^crosswalk=\w{32}; Path=\/; HttpOnly; SameSite=Strict$/,
    );
  });

  it('are Secure and bound to the host where the server is reached over TLS', async () => {
    const secure = await testHouse({ PUBLIC_URL: 'https://crosswalk.example' });
    const { email, password } = await secure.house.identity.users.create({
      email: 'o@x.example',
      name: 'O',
      role: 'operator',
    });
    const answer = await request(secure.app).post('/portal/session').send({ email, password }).expect(200);
    expect(answer.headers['set-cookie']?.[0]).toMatch(
      /^__Host-crosswalk=\w{32}; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    await secure.close();
  });

  it('are stored as hashes only, and end at once, in every process and when the user is disabled', async () => {
    const { cookie, csrf } = await openSession('staff');
    const secret = cookie.split('=')[1] ?? '';
    const stored = await test.house.connection.mongoose.collection('sessions').find().toArray();
    expect(stored.length).toBeGreaterThan(0);
    expect(JSON.stringify(stored)).not.toContain(secret);
    await request(test.app)
      .delete('/portal/session')
      .set('Cookie', cookie)
      .set('X-CSRF-Token', csrf)
      .expect(204);
    await request(test.app).get('/v1/patients').set('Cookie', cookie).expect(401);

    const { id } = await test.house.identity.users.create({
      email: 'gone@crosswalk.example',
      name: 'Gone',
      role: 'operator',
      password: 'a long password',
    });
    people['gone'] = { id, email: 'gone@crosswalk.example', password: 'a long password' };
    const held = await openSession('gone');
    await test.house.identity.users.disable(id);
    await request(test.app).get('/portal/keys').set('Cookie', held.cookie).expect(401);
  });

  it('refuse writes without their token, and whatever comes from another site', async () => {
    const { cookie, csrf } = await sessionOf('practice-admin');
    const body = { plan: 'Pro', scopes: ['referrals:read'] };
    const create = () => request(test.app).post('/portal/keys').set('Cookie', cookie);
    await create().send(body).expect(403);
    await create().set('X-CSRF-Token', 'wrong').send(body).expect(403);
    await create().set('X-CSRF-Token', csrf).set('Origin', 'https://evil.example').send(body).expect(403);
    await create().set('X-CSRF-Token', csrf).set('Sec-Fetch-Site', 'same-site').send(body).expect(403);
    await request(test.app)
      .get('/portal/keys')
      .set('Cookie', cookie)
      .set('Sec-Fetch-Site', 'cross-site')
      .expect(403);
    await create().set('X-CSRF-Token', csrf).set('Sec-Fetch-Site', 'same-origin').send(body).expect(201);
    const { csrf: other } = await sessionOf('operator');
    await create().set('X-CSRF-Token', other).send(body).expect(403);
  });

  it('leave entries of sign-ins and refusals in the audit trail', async () => {
    await request(test.app)
      .post('/portal/session')
      .send({ email: 'guess@crosswalk.example', password: 'guess' })
      .expect(401);
    const events = await get('compliance', '/audit/export?format=ndjson');
    const logins = events.text.split('\n').filter((line) => line.includes('guess@crosswalk.example'));
    expect(logins).toHaveLength(1);
    expect(JSON.parse(logins[0] ?? '{}')).toMatchObject({ outcome: '4' });
  });
});

/** Types of a Bundle's entries, each once. */
function typesIn(bundle: unknown): string[] {
  const { entry } = bundle as { entry: { resource: { resourceType: string } }[] };
  return [...new Set(entry.map(({ resource }) => resource.resourceType))];
}

describe('a session on the other faces', () => {
  it('opens the vendor faces within role and practice', async () => {
    expect((await get('practice-admin', '/api/v1/referrals')).status).toBe(200);
    expect((await get('staff', '/v1/patients')).status).toBe(200);
    expect((await get('operator', '/api/v1/referrals')).status).toBe(403);
    expect((await get('operator', '/api/v1/providers')).status).toBe(200);
    expect((await get('practice-admin', '/v1/patients')).status).toBe(403);
    const { cookie } = await sessionOf('practice-admin');
    // A request with a credential of its own is judged by that alone.
    await request(test.app)
      .get('/api/v1/referrals')
      .set('Cookie', cookie)
      .set('Authorization', 'Bearer hrx_wrong')
      .expect(401);
  });

  it('needs its token for writes there too, and writes as the user', async () => {
    const { cookie } = await sessionOf('staff');
    const patient = {
      firstName: 'Ada',
      lastName: 'Byron',
      dateOfBirth: '1985-12-10',
      consentToTreat: true,
      hipaaConsent: true,
    };
    await request(test.app).post('/v1/patients').set('Cookie', cookie).send(patient).expect(403);
    const made = await post('staff', '/v1/patients', patient);
    expect(made.status).toBe(201);
    const events = await get(
      'compliance',
      '/audit/export?format=ndjson&user=staff@crosswalk.example&action=C',
    );
    expect(events.text).toContain('staff@crosswalk.example');
    const own = await get('provider', '/fhir/R4/Patient?family=byron');
    expect(own.body).toMatchObject({ total: 1 });
    const other = await get('practice-admin', '/fhir/R4/Patient?family=byron');
    expect(other.body).toMatchObject({ total: 0 });
  });

  it('lets compliance officers see the trail and nothing of the record', async () => {
    const patients = await test.house.store.search(EVERYTHING, parseSearch('Patient', 'family=byron'));
    const id = patients.matches[0]?.id ?? '';
    for (const path of [
      'Patient',
      'ServiceRequest',
      `Patient/${id}`,
      `Patient/${id}/$everything`,
      `Patient/${id}/_history`,
      'Patient/_history',
      '_history',
    ]) {
      const answer = await get('compliance', `/fhir/R4/${path}`);
      expect([path, answer.text.includes('Byron')]).toEqual([path, false]);
      if (path !== '_history') expect([path, answer.status]).toEqual([path, 403]);
    }
    const found = await get('compliance', '/fhir/R4/AuditEvent?_include=AuditEvent:patient&_count=200');
    expect(found.status).toBe(200);
    expect(typesIn(found.body)).toEqual(['AuditEvent']);
    expect((await get('compliance', '/v1/patients')).status).toBe(403);
    expect((await get('compliance', '/api/v1/referrals')).status).toBe(403);
    const batch = {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [{ request: { method: 'GET', url: 'Patient?family=byron' } }],
    };
    const answer = await post('compliance', '/fhir/R4', batch);
    expect(JSON.stringify(answer.body)).not.toContain('Byron');
    expect((await get('staff', '/audit/export')).status).toBe(403);
    const included = await get('provider', '/fhir/R4/Patient?_revinclude=AuditEvent:patient');
    expect(typesIn(included.body)).toEqual(['Patient']);
  });
});

describe('writes over FHIR by users', () => {
  it('are for the record alone: what works for the whole deployment takes a client', async () => {
    const write = (resource: { resourceType: string }) =>
      post('staff', `/fhir/R4/${resource.resourceType}`, resource);
    const patient = { resourceType: 'Patient', name: [{ family: 'Hopper' }] };
    expect((await write(patient)).status).toBe(201);
    for (const resourceType of ['SearchParameter', 'Subscription', 'Organization', 'HealthcareService'])
      expect([resourceType, (await write({ resourceType })).status]).toEqual([resourceType, 403]);
  });
});

describe('API keys', () => {
  it('belong to the practice of their administrator, who sees use against the plan', async () => {
    const made = await post('practice-admin', '/portal/keys', { plan: 'Free', scopes: ['referrals:read'] });
    const { id, apiKey } = made.body as { id: string; apiKey: string };
    for (let calls = 0; calls < 12; calls++)
      await request(test.app).get('/api/v1/referrals').set('Authorization', `Bearer ${apiKey}`);
    const use = await get('practice-admin', `/portal/keys/${id}/use`);
    const hours = (use.body as { hours: { requests: number; refused: number }[] }).hours;
    expect(hours.reduce((sum, hour) => sum + hour.requests, 0)).toBe(10);
    expect(hours.reduce((sum, hour) => sum + hour.refused, 0)).toBe(2);
    expect(use.body).toMatchObject({ perMinute: 10, month: { limit: 100, used: 10 } });
    expect(
      (
        await post('practice-admin', '/portal/keys', {
          plan: 'Pro',
          scopes: ['referrals:read'],
          practice: clinic,
        })
      ).status,
    ).toBe(403);
    const wrong = await post('practice-admin', '/portal/keys', { plan: 'Gold', scopes: [], extra: 1 });
    expect(wrong.status).toBe(422);
    expect(
      (wrong.body as { error: { details: { field: string }[] } }).error.details
        .map(({ field }) => field)
        .sort(),
    ).toEqual(['extra', 'plan', 'scopes']);
  });

  it('are for operators and practice administrators alone, and of other practices unknown', async () => {
    expect((await get('provider', '/portal/keys')).status).toBe(403);
    const made = await post('operator', '/portal/keys', {
      plan: 'Pro',
      scopes: ['referrals:read'],
      practice: clinic,
    });
    const { id } = made.body as { id: string };
    expect((await post('practice-admin', `/portal/keys/${id}/revoke`)).status).toBe(404);
    expect((await post('operator', `/portal/keys/${id}/revoke`)).body).toMatchObject({ status: 'revoked' });
  });
});
