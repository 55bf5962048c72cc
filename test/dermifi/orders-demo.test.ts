import { readFileSync } from 'node:fs';
import { Secret, TOTP } from 'otpauth';
import request from 'supertest';
import { importTable } from '../../src/commands/import/tables';
import { seedDemonstration } from '../../src/demo';
import { DEMO_FORMULARY, DEMO_PHARMACIES } from '../../src/demo/pharmacy';
import { serverContext } from '../../src/house';
import { testHouse, type TestHouse } from '../support/house';
import { ORDERED, PRESCRIBED } from './pharmacy-support';

/** The demonstration as an integrator meets it: its provider, its patients, its pharmacies and formulary. */
let opened: TestHouse;

beforeAll(async () => {
  opened = await testHouse();
}, 60_000);
afterAll(() => opened.close());

test("the document's order and prescription work with the demonstration's ids", async () => {
  const { app, house } = opened;
  const { dermifi } = await seedDemonstration(house);
  const { email, password, totpSecret = '' } = dermifi.find(({ role }) => role === 'provider') ?? {};
  const mfaCode = new TOTP({ secret: Secret.fromBase32(totpSecret) }).generate();
  const login = await request(app).post('/v1/auth/login').send({ email, password, mfaCode });
  const { accessToken } = login.body as { accessToken: string };
  const call = async (
    method: 'get' | 'post',
    path: string,
    body?: object,
  ): Promise<Record<string, unknown>> => {
    const sending = request(app)[method](`/v1${path}`);
    const answer = await sending.set('Authorization', `Bearer ${accessToken}`).send(body);
    expect([answer.status < 300, answer.text]).toEqual([true, answer.text]);
    return answer.body as Record<string, unknown>;
  };
  const patients = (await call('get', '/patients?search=john'))['data'] as { id: string }[];
  const providers = (await call('get', '/providers'))['providers'] as { id: string }[];
  const ids = { patientId: patients[0]?.id, providerId: providers[0]?.id };
  const order = await call('post', '/orders', { ...ORDERED, ...ids });
  expect(order).toMatchObject({
    items: [
      { genericName: 'tretinoin', refills: 3, daysSupply: 90 },
      { genericName: 'clindamycin phosphate', daysSupply: 30 },
    ],
    pharmacy: { id: 'pharm_456', name: 'CVS Pharmacy', ncpdpId: '1234567' },
  });
  const prescription = await call('post', '/prescriptions', { ...PRESCRIBED, ...ids });
  expect(prescription).toMatchObject({ eSigned: true, medication: { genericName: 'doxycycline hyclate' } });
  const sent = await call('post', `/prescriptions/${String(prescription['id'])}/send`, {
    pharmacyId: 'pharm_456',
  });
  expect(sent).toMatchObject({ status: 'transmitted', pharmacyAcknowledged: true });
}, 60_000);

test('an operator imports pharmacies and a formulary, again and whole or not at all', async () => {
  const { store } = opened.house;
  const run = (kind: string, text: string) => importTable(store, kind, text, serverContext());
  expect(await run('pharmacies', readFileSync(DEMO_PHARMACIES, 'utf8'))).toEqual({ Organization: 4 });
  const formulary = readFileSync(DEMO_FORMULARY, 'utf8');
  expect(await run('formulary', formulary)).toEqual({ MedicationKnowledge: 14, ChargeItemDefinition: 23 });
  await expect(run('formulary', `${formulary}medication,X,,,,,none,,,,,,,1,\n`)).rejects.toMatchObject({
    code: 'invalid',
  });
  await expect(run('recipes', '')).rejects.toMatchObject({ code: 'invalid' });
});
