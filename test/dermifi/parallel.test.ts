/** Two processes on one database: many creates at once, each with a number of its own, and one winner where only one may win. */
import request, { type Response } from 'supertest';
import { testHouse, type TestHouse } from '../support/house';
import { type Clinic, openClinic, ORDERED } from './pharmacy-support';
import type { View } from './support';

/** `PARALLEL=200` for the long run. */
const MANY = Number(process.env['PARALLEL'] ?? 24);

let clinic: Clinic;
let second: TestHouse;

beforeAll(async () => {
  clinic = await openClinic();
  // Another process as far as the database can tell: connections, turns and caches of its own.
  const { mongodbUri = '', dataDir } = clinic.house.config;
  second = await testHouse({ MONGODB_URI: mongodbUri, DATA_DIR: dataDir });
}, 90_000);
afterAll(async () => {
  await second.close();
  await clinic.close();
});

type Method = 'post' | 'put';

/** The i-th of several calls, which go to both processes in turn. */
function call(i: number, method: Method, path: string, token: string, body: object): Promise<Response> {
  const app = i % 2 === 0 ? clinic.app : second.app;
  return Promise.resolve(
    request(app)[method](`/v1${path}`).set('Authorization', `Bearer ${token}`).send(body),
  );
}

const statuses = (answers: readonly Response[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};

/** What the numbers of the answers count, in order. */
const counted = (answers: readonly Response[], field: string, form: RegExp): number[] =>
  answers.map(({ body }) => Number(form.exec(String((body as View)[field]))?.[1])).sort((a, b) => a - b);

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

async function tokensOf(role: string, practice: string, practitioner?: string): Promise<string[]> {
  const linked = practitioner === undefined ? {} : { practitioner };
  const users = await Promise.all(upTo(4).map(() => clinic.user(role, { practice, ...linked })));
  return users.map(({ token }) => token);
}

const patient = (i: number): object => ({
  firstName: 'Many',
  lastName: 'Persons',
  dateOfBirth: '1990-01-02',
  email: `many${i}@email.com`,
  consentToTreat: true,
  hipaaConsent: true,
});

test(`${MANY} parallel patients have the numbers 1 to ${MANY}`, async () => {
  const tokens = await tokensOf('staff', 'Parallel Dermatology');
  const answers = await Promise.all(
    upTo(MANY).map((i) => call(i, 'post', '/patients', tokens[i % 4] ?? '', patient(i))),
  );
  expect(statuses(answers)).toEqual({ 201: MANY });
  expect(counted(answers, 'patientNumber', /^P-\d{4}-(\d{4})$/)).toEqual(upTo(MANY));
}, 120_000);

test('of 20 parallel registrations of one patient one wins', async () => {
  const tokens = await tokensOf('staff', 'Duplicate Dermatology');
  const answers = await Promise.all(
    upTo(20).map((i) => call(i, 'post', '/patients', tokens[i % 4] ?? '', patient(0))),
  );
  expect(statuses(answers)).toEqual({ 201: 1, 409: 19 });
  const refused = answers.filter(({ status }) => status === 409);
  for (const { body } of refused) expect(body).toMatchObject({ error: { code: 'CONFLICT' } });
  const list = await clinic.call('get', '/patients?limit=100', { token: tokens[0] ?? '' });
  expect(list.body).toMatchObject({ pagination: { total: 1 } });
}, 120_000);

test(`${MANY} parallel orders have the numbers 1 to ${MANY}, and of many cancellations of one a single one wins`, async () => {
  await clinic.patient('many');
  const tokens = await tokensOf('provider', 'Bay Area Dermatology', '789');
  const ordered = { ...ORDERED, patientId: 'pat_many' };
  const answers = await Promise.all(
    upTo(MANY).map((i) => call(i, 'post', '/orders', tokens[i % 4] ?? '', ordered)),
  );
  expect(statuses(answers)).toEqual({ 201: MANY });
  expect(counted(answers, 'orderNumber', /^ORD-\d{4}-(\d{4})$/)).toEqual(upTo(MANY));
  expect(await clinic.ask(200, 'get', '/orders?patientId=pat_many&limit=1')).toMatchObject({
    pagination: { total: MANY },
  });
  const { id } = answers[0]?.body as View;
  const cancelled = await Promise.all(
    upTo(16).map((i) => call(i, 'put', `/orders/${id}/cancel`, tokens[i % 4] ?? '', {})),
  );
  expect(statuses(cancelled)).toEqual({ 200: 1, 409: 15 });
}, 180_000);
