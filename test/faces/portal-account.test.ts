import type { AuditEvent, Bundle } from '@medplum/fhirtypes';
import { TOTP } from 'otpauth';
import request, { type Response } from 'supertest';
import { testHouse, type TestHouse } from '../support/house';
import { refusal, type Visitor, visitor } from './dashboard';

let house: TestHouse;
beforeAll(async () => {
  house = await testHouse();
});
afterAll(() => house.close());

interface Offered {
  totpSecret: string;
  totpUri: string;
}

/** A code of the authenticator; each is good once, so `steps` picks a neighbour. */
const codeOf = (secret: string, steps = 0): string =>
  new TOTP({ secret }).generate({ timestamp: Date.now() + steps * 30_000 });

const signIn = (email: string, password: string, mfaCode?: string): Promise<Response> =>
  request(house.app)
    .post('/portal/session')
    .send({ email, password, ...(mfaCode !== undefined && { mfaCode }) });

/** An access token of the Dermifi API, which is a session of the same user. */
async function dermifi({ email, password }: Visitor): Promise<() => Promise<number>> {
  const login = await request(house.app).post('/v1/auth/login').send({ email, password }).expect(200);
  const { accessToken } = login.body as { accessToken: string };
  return async () =>
    (await request(house.app).get('/v1/patients').set('Authorization', `Bearer ${accessToken}`)).status;
}

async function offered(own: Visitor, proof: object): Promise<Offered> {
  const answer = await own.post('/account/second-factor', proof);
  expect([answer.status, answer.headers['cache-control']]).toEqual([201, 'no-store']);
  return answer.body as Offered;
}

test('a password is changed by who knows it, and every other session ends', async () => {
  const own = await visitor(house, 'provider');
  const { email, password } = own;
  const isAlive = await dermifi(own);
  expect(await isAlive()).toBe(200);
  expect((await own.get('/account')).body).toMatchObject({ email, role: 'provider', mfa: false });

  const newPassword = 'a longer way in';
  const refused = async (body: object): Promise<unknown> =>
    refusal(await own.post('/account/password', body));
  expect(await refused({})).toEqual({ status: 422, fields: ['newPassword', 'password'] });
  expect(await refused({ password, newPassword: 'short' })).toEqual({ status: 422, fields: ['newPassword'] });
  expect(await refused({ password, newPassword: password })).toEqual({
    status: 422,
    fields: ['newPassword'],
  });
  expect(await refused({ password: 'a wrong one', newPassword })).toEqual({
    status: 422,
    fields: ['password'],
  });
  expect((await own.postWith({}, '/account/password', { password, newPassword })).status).toBe(403);
  expect([await isAlive(), (await signIn(email, password)).status]).toEqual([200, 200]);

  expect((await own.post('/account/password', { password, newPassword })).status).toBe(204);
  expect((await own.get('/account')).status).toBe(200);
  expect(await isAlive()).toBe(401);
  expect((await signIn(email, password)).status).toBe(401);
  expect((await signIn(email, newPassword)).status).toBe(200);
});

test('a second factor is in force once a code of it has come, is moved to another device, and ends', async () => {
  const own = await visitor(house, 'staff');
  const { email, password } = own;
  const isAlive = await dermifi(own);
  expect((await own.post('/account/second-factor/confirm', { code: '123456' })).status).toBe(409);
  const first = await offered(own, { password });
  expect(first.totpUri).toContain(first.totpSecret);
  // Offered is not in force, and a wrong code does not bring it there.
  expect((await signIn(email, password)).status).toBe(200);
  const wrong = await own.post('/account/second-factor/confirm', { code: codeOf(first.totpSecret, 5) });
  expect(refusal(wrong)).toEqual({ status: 422, fields: ['code'] });
  expect(await isAlive()).toBe(200);
  const confirm = { code: codeOf(first.totpSecret) };
  expect((await own.post('/account/second-factor/confirm', confirm)).status).toBe(204);
  expect(await isAlive()).toBe(401);
  expect((await own.get('/account')).body).toMatchObject({ mfa: true });
  expect((await signIn(email, password)).body).toMatchObject({ error: { code: 'MFA_REQUIRED' } });
  // The code that confirmed it is used; its neighbour is not.
  expect((await signIn(email, password, confirm.code)).status).toBe(401);
  expect((await signIn(email, password, codeOf(first.totpSecret, 1))).status).toBe(200);

  expect(refusal(await own.post('/account/second-factor', { password }))).toEqual({
    status: 422,
    fields: ['mfaCode'],
  });
  const second = await offered(own, { password, mfaCode: codeOf(first.totpSecret, -1) });
  const moved = { code: codeOf(second.totpSecret) };
  expect((await own.post('/account/second-factor/confirm', moved)).status).toBe(204);
  expect((await own.post('/account/second-factor/confirm', moved)).status).toBe(409);

  expect(refusal(await own.post('/account/second-factor/end', { password }))).toEqual({
    status: 422,
    fields: ['mfaCode'],
  });
  const end = { password, mfaCode: codeOf(second.totpSecret, 1) };
  expect((await own.post('/account/second-factor/end', end)).status).toBe(204);
  expect((await signIn(email, password)).status).toBe(200);
});

test('whoever sits at an open page guesses no better than at the sign-in', async () => {
  const own = await visitor(house, 'staff');
  const answers = [];
  for (let tries = 0; tries < 12; tries++)
    answers.push((await own.post('/account/second-factor', { password: `guess ${tries}` })).status);
  expect(answers).toContain(429);
  expect((await own.get('/account')).status).toBe(200);
});

test('an operator’s new password takes back what was offered before it', async () => {
  const own = await visitor(house, 'staff');
  const { totpSecret } = await offered(own, { password: own.password });
  const { password } = await house.house.identity.users.renew(own.email);
  const again = await signIn(own.email, password);
  const [cookie = ''] = String(again.headers['set-cookie']).split(';');
  const { csrfToken } = again.body as { csrfToken: string };
  const answer = await request(house.app)
    .post('/portal/account/second-factor/confirm')
    .set({ Cookie: cookie, 'X-CSRF-Token': csrfToken })
    .send({ code: codeOf(totpSecret) });
  expect(answer.status).toBe(409);
});

test('a new password takes back what was offered to who knew the old one', async () => {
  const own = await visitor(house, 'staff');
  const { password } = own;
  const { totpSecret } = await offered(own, { password });
  expect((await own.post('/account/password', { password, newPassword: 'another way in' })).status).toBe(204);
  const confirm = { code: codeOf(totpSecret) };
  expect((await own.post('/account/second-factor/confirm', confirm)).status).toBe(409);
});

test('each change is an event of the audit trail, without any secret', async () => {
  const own = await visitor(house, 'staff');
  const newPassword = 'never to be told';
  await own.post('/account/password', { password: own.password, newPassword });
  const { totpSecret } = await offered(own, { password: newPassword });
  await house.house.drain();
  const { email, password } = await visitor(house, 'compliance');
  const [cookie = ''] = String((await signIn(email, password)).headers['set-cookie']).split(';');
  const answer = await request(house.app)
    .get('/fhir/R4/AuditEvent?_count=200&_sort=-date')
    .set('Cookie', cookie)
    .expect(200);
  const events = ((answer.body as Bundle<AuditEvent>).entry ?? []).map(({ resource }) =>
    JSON.stringify(resource),
  );
  const ofOwn = events.filter((event) => event.includes(own.email));
  expect(ofOwn.some((event) => event.includes('"valueString":"password"'))).toBe(true);
  expect(ofOwn.some((event) => event.includes('"valueString":"second factor offered"'))).toBe(true);
  for (const secret of [own.password, newPassword, totpSecret]) expect(events.join('')).not.toContain(secret);
});
