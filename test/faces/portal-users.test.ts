import request from 'supertest';
import type { AuditEvent, Bundle } from '@medplum/fhirtypes';
import { testHouse, type TestHouse } from '../support/house';
import { type Visitor, visitor } from './dashboard';

let house: TestHouse;
let operator: Visitor;
let sonora: Visitor;

interface Standing {
  id: string;
  email: string;
  role: string;
  practice: string | null;
  mfa: boolean;
  status: string;
  lastSignInAt: string | null;
  lockedUntil: string | null;
}

interface Made {
  id: string;
  email: string;
  password: string;
  totpSecret?: string;
  totpUri?: string;
}

beforeAll(async () => {
  house = await testHouse();
  for (const name of ['Camelback', 'Sonora']) await house.house.identity.practices.create(name);
  operator = await visitor(house, 'operator');
  sonora = await visitor(house, 'practice-admin', 'Sonora');
});
afterAll(() => house.close());

const login = (email: string, password: string) =>
  request(house.app).post('/portal/session').send({ email, password });

async function make(by: Visitor, body: object): Promise<Made> {
  const answer = await by.post('/users', body);
  expect({ status: answer.status, body: answer.body as object }).toMatchObject({ status: 201 });
  expect(answer.headers['cache-control']).toBe('no-store');
  return answer.body as Made;
}

async function standing(by: Visitor, email: string): Promise<Standing | undefined> {
  const { data } = (await by.get('/users')).body as { data: Standing[] };
  return data.find((each) => each.email === email);
}

test('a user of the own practice is made, signs in, is locked, unlocked, disabled and enabled', async () => {
  const email = 'nurse@sonora.example';
  const { id, password, ...rest } = await make(sonora, { email, name: 'Nora Nurse', role: 'staff' });
  expect(rest).toEqual({ email });
  expect(await standing(sonora, email)).toMatchObject({
    id,
    role: 'staff',
    practice: 'Sonora',
    mfa: false,
    status: 'active',
    lastSignInAt: null,
    lockedUntil: null,
  });
  await login(email, password).expect(200);
  expect((await standing(sonora, email))?.lastSignInAt).toEqual(expect.any(String));

  // From where the user has signed in, and from elsewhere, tries are counted apart.
  for (let tries = 0; tries < 12; tries++) {
    const { status } = await login(email, 'wrong password');
    if (status === 429) break;
  }
  expect((await standing(sonora, email))?.lockedUntil).toEqual(expect.any(String));
  expect((await sonora.post(`/users/${id}/unlock`)).status).toBe(200);
  expect((await standing(sonora, email))?.lockedUntil).toBeNull();
  await login(email, password).expect(200);

  expect((await sonora.post(`/users/${id}/disable`)).body).toMatchObject({ status: 'disabled' });
  await login(email, password).expect(401);
  expect((await sonora.post(`/users/${id}/enable`)).body).toMatchObject({ status: 'active' });
  await login(email, password).expect(200);
});

test('practices are apart: another one’s users are not listed, and not there', async () => {
  const email = 'staff@camelback.example';
  const { id } = await make(operator, { email, name: 'Carl', role: 'staff', practice: 'Camelback' });
  expect(await standing(sonora, email)).toBeUndefined();
  expect(await standing(operator, email)).toMatchObject({ practice: 'Camelback' });
  for (const verb of ['disable', 'enable', 'unlock'])
    expect((await sonora.post(`/users/${id}/${verb}`)).status).toBe(404);
  expect(await standing(operator, email)).toMatchObject({ status: 'active' });
  const elsewhere = { email: 'x@y.example', name: 'X', role: 'staff', practice: 'Camelback' };
  expect((await sonora.post('/users', elsewhere)).status).toBe(403);
});

test('a practice’s administrator gains no rights beyond the practice, nor in another’s name', async () => {
  const named = { email: 'high@sonora.example', name: 'High' };
  for (const role of ['operator', 'compliance'])
    expect((await sonora.post('/users', { ...named, role })).status).toBe(403);
  expect((await sonora.post('/users', { ...named, role: 'provider', practitioner: '789' })).status).toBe(403);
  const officer = await make(operator, { ...named, role: 'compliance', practice: 'Sonora' });
  expect((await sonora.post(`/users/${officer.id}/disable`)).status).toBe(403);
  expect((await sonora.post(`/users/${officer.id}/renew`)).status).toBe(403);
  const staff = await visitor(house, 'staff', 'Sonora');
  expect((await staff.get('/users')).status).toBe(403);
});

test('operators renew a password and the second factor; sessions end, and nobody changes himself', async () => {
  const email = 'doctor@sonora.example';
  const before = await make(operator, {
    email,
    name: 'Dora',
    role: 'provider',
    practice: 'Sonora',
    mfa: true,
  });
  expect(before.totpUri).toContain(`secret=${before.totpSecret ?? ''}&`);
  const renewed = await operator.post(`/users/${before.id}/renew`);
  const after = renewed.body as Made;
  expect(after.password).not.toBe(before.password);
  expect(after.totpSecret).not.toBe(before.totpSecret);
  expect(after.totpUri).toContain(`secret=${after.totpSecret ?? ''}&`);
  expect((await login(email, before.password)).body).toMatchObject({
    error: { code: 'INVALID_CREDENTIALS' },
  });
  expect((await login(email, after.password)).body).toMatchObject({ error: { code: 'MFA_REQUIRED' } });

  const { data } = (await operator.get('/users')).body as { data: Standing[] };
  const own = data.find(({ role }) => role === 'operator');
  expect((await operator.post(`/users/${own?.id ?? ''}/disable`)).status).toBe(403);
});

test('what is wrong is named by its field', async () => {
  const answer = await operator.post('/users', { email: 'a@b.example', name: 'A', role: 'staff' });
  expect(answer.body).toMatchObject({ error: { details: [{ field: 'practice' }] } });
  const unknown = await operator.post('/users', { name: 'A', role: 'chief' });
  expect(unknown.status).toBe(422);
  const twice = { email: 'twice@sonora.example', name: 'Twice', role: 'staff' };
  await make(sonora, twice);
  expect((await sonora.post('/users', twice)).status).toBe(409);
});

test('each change is an event that names the user, without any secret', async () => {
  const made = await make(sonora, { email: 'audited@sonora.example', name: 'Ada', role: 'read-only' });
  await sonora.post(`/users/${made.id}/disable`);
  await house.house.drain();
  const officer = await make(operator, { email: 'c@o.example', name: 'Carmen', role: 'compliance' });
  const [cookie = ''] = String((await login(officer.email, officer.password)).headers['set-cookie']).split(
    ';',
  );
  const answer = await request(house.app)
    .get('/fhir/R4/AuditEvent?_count=200&_sort=-date')
    .set('Cookie', cookie)
    .expect(200);
  const told = ((answer.body as Bundle<AuditEvent>).entry ?? []).map(({ resource }) =>
    JSON.stringify(resource),
  );
  expect(told.filter((each) => each.includes(made.id)).length).toBeGreaterThanOrEqual(2);
  expect(told.join('')).not.toContain(made.password);
});
