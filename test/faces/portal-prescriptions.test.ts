import request from 'supertest';
import { openClinic, type Clinic, PRESCRIBED } from '../dermifi/pharmacy-support';
import type { Signed } from '../dermifi/support';

let clinic: Clinic;
let cookies: Record<'provider' | 'reader' | 'stranger', string>;

async function signIn({ email, password }: Signed): Promise<string> {
  const answer = await request(clinic.app).post('/portal/session').send({ email, password }).expect(200);
  return String(answer.headers['set-cookie']).split(';')[0] ?? '';
}

beforeAll(async () => {
  clinic = await openClinic();
  const { provider, reader, stranger } = clinic;
  cookies = {
    provider: await signIn(provider),
    reader: await signIn(reader),
    stranger: await signIn(stranger),
  };
}, 60_000);
afterAll(() => clinic.close());

function show(who: keyof typeof cookies, id: string) {
  return request(clinic.app).get(`/portal/prescriptions/${id}`).set('Cookie', cookies[who]);
}

test('a prescription is shown as it was written, with where it was sent', async () => {
  const { id } = await clinic.ask(201, 'post', '/prescriptions', PRESCRIBED);
  const before = await show('reader', id).expect(200);
  expect(before.body).toMatchObject({
    listed: {
      id,
      medication: 'Doxycycline 100mg',
      patient: 'John Doe',
      refillsRemaining: 2,
      lastFilled: null,
    },
    written: {
      id,
      patientId: 'pat_123',
      sig: PRESCRIBED.sig,
      notes: PRESCRIBED.notes,
      status: 'active',
      eSigned: true,
    },
    transmissions: [],
  });
  await clinic.ask(200, 'post', `/prescriptions/${id}/send`, { pharmacyId: 'pharm_456' });
  await clinic.ask(200, 'post', `/prescriptions/${id}/send`, {
    pharmacyId: 'pharm_bayview-pharmacy',
    method: 'fax',
  });
  const after = await show('provider', id).expect(200);
  expect(after.body).toMatchObject({
    transmissions: [
      { method: 'fax', status: 'transmitted', sentTo: { name: 'Bayview Pharmacy' } },
      { method: 'electronic', sentTo: { id: 'pharm_456', address: '123 Market St, San Francisco, CA' } },
    ],
  });
});

test('another practice’s prescription is not there, nor is one that never was', async () => {
  const { id } = await clinic.ask(201, 'post', '/prescriptions', PRESCRIBED);
  await show('stranger', id).expect(404);
  await show('provider', 'rx_nothing').expect(404);
  await show('provider', id.slice('rx_'.length)).expect(404);
});

test('roles that do not read the record do not see it', async () => {
  const { id } = await clinic.ask(201, 'post', '/prescriptions', PRESCRIBED);
  const admin = await signIn(await clinic.user('practice-admin'));
  await request(clinic.app).get(`/portal/prescriptions/${id}`).set('Cookie', admin).expect(403);
  await request(clinic.app).get(`/portal/prescriptions/${id}`).expect(401);
});
