/** Many Subscriptions at the same moment: what marks the same key may not lose anybody. */
import request from 'supertest';
import { testHouse, type TestHouse } from '../support/house';
import { anyone, endpoints, type Made } from './support';
import { until } from './endpoint';

let test_: TestHouse;
let other: TestHouse;
const caller = anyone(() => test_);
const { open, close } = endpoints();

beforeAll(async () => {
  const environment = { FHIR_AUTH: 'off', WEBHOOK_ALLOW_PRIVATE: '127.0.0.0/8' };
  test_ = await testHouse(environment);
  const { mongodbUri = '', dataDir } = test_.house.config;
  other = await testHouse({ ...environment, MONGODB_URI: mongodbUri, DATA_DIR: dataDir });
}, 60_000);
afterAll(async () => {
  await other.close();
  await test_.close();
  close();
});

const count = async (status: string): Promise<number> =>
  ((await caller.get(`Subscription?status=${status}&_summary=count`)).body as { total: number }).total;

/** `PARALLEL=200` for the long run. */
it.each([Number(process.env['PARALLEL'] ?? 20)])(
  '%i subscriptions asked for at once are all made, shake hands and hear',
  async (many) => {
    const before = await count('active');
    const endpoint = await open();
    const answers = await Promise.all(
      Array.from({ length: many }, (_, i) =>
        request(i % 2 === 0 ? test_.app : other.app)
          .post('/fhir/R4/Subscription')
          .set('Content-Type', 'application/fhir+json')
          .send({
            resourceType: 'Subscription',
            status: 'requested',
            reason: 'storm',
            criteria: `Patient?family=storm${many}x${i}`,
            channel: {
              type: 'rest-hook',
              endpoint: `${endpoint.url}/${i}`,
              payload: 'application/fhir+json',
            },
          }),
      ),
    );
    expect([...new Set(answers.map(({ status }) => status))]).toEqual([201]);
    expect(new Set(answers.map(({ body }) => (body as Made).id)).size).toBe(many);
    await until(async () => (await count('active')) === before + many);
    expect(await count('requested')).toBe(0);
    expect(await count('error')).toBe(0);

    const last = many - 1;
    const patient = { resourceType: 'Patient', name: [{ family: `Storm${many}x${last}` }] };
    expect((await caller.send('post', 'Patient', patient)).status).toBe(201);
    await until(() => endpoint.received.some(({ body }) => body.includes(`Storm${many}x${last}`)));
  },
  90_000,
);
