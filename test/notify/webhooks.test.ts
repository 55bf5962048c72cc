import { createHash } from 'node:crypto';
import request from 'supertest';
import { Webhook } from 'standardwebhooks';
import { serverContext } from '../../src/house';
import type { Attempt } from '../../src/notify';
import { testHouse, type TestHouse } from '../support/house';
import { Endpoint, until } from './endpoint';

/** HandoffRx, "Webhooks": who is told what, signed how, and that nothing is lost on the way. */
let test: TestHouse;
let sender: { id: string; key: string };
let receiver: { id: string; key: string };

const eventsAt = ({ received }: Endpoint): string[] =>
  received.map(({ body }) => (JSON.parse(body) as { event: string }).event);

/** The vendor document's own function, as printed. */
function verifyWebhook(rawBody: string, secret: string, signatureHeader: string): boolean {
  const expected =
    'sha256=' +
    createHash('sha256')
      .update(secret + rawBody)
      .digest('hex');
  return expected === signatureHeader;
}

const referral = {
  client_first: 'Maria',
  client_last: 'Hernandez',
  client_insurance: 'AHCCCS',
  sent_to_practice: 'Receiver Behavioral',
  service_needed: 'IOP - Substance Use',
  level_of_care: 'IOP',
  clinical_justification: 'Client meets ASAM criteria for IOP. Motivated for treatment.',
};
const ALL = [
  'referral.created',
  'referral.accepted',
  'referral.declined',
  'referral.scheduled',
  'referral.completed',
];
const endpoints: Endpoint[] = [];

async function practice(name: string): Promise<{ id: string; key: string }> {
  const { identity } = test.house;
  const { id } = await identity.practices.create(name);
  const { apiKey } = await identity.keys.create({
    practice: id,
    plan: 'Enterprise',
    scopes: ['referrals:read', 'referrals:write'],
  });
  return { id, key: apiKey };
}

async function hook(practiceId: string, answer?: (count: number) => number) {
  const endpoint = await new Endpoint(answer).open();
  endpoints.push(endpoint);
  const webhook = await test.house.notify.webhooks.create(practiceId, endpoint.url, ALL, serverContext());
  return { endpoint, ...webhook };
}

const send = (key: string) =>
  request(test.app).post('/api/v1/referrals').set('Authorization', `Bearer ${key}`).send(referral);
const change = (id: string, key: string, status: string) =>
  request(test.app).patch(`/api/v1/referrals/${id}`).set('Authorization', `Bearer ${key}`).send({ status });

beforeAll(async () => {
  test = await testHouse({ FHIR_AUTH: 'off', WEBHOOK_ALLOW_PRIVATE: '127.0.0.0/8' });
  sender = await practice('Sender Family Medicine');
  receiver = await practice('Receiver Behavioral');
});
afterAll(async () => {
  await test.close();
  for (const endpoint of endpoints) endpoint.close();
});

it('tells the receiver of a new referral and both of its acceptance, with the documented body and signatures', async () => {
  const atReceiver = await hook(receiver.id);
  const atSender = await hook(sender.id);
  const { body } = await send(sender.key);
  const { id } = body as { id: string };
  await until(() => atReceiver.endpoint.received.length === 1);
  expect((await change(id, receiver.key, 'accepted')).status).toBe(200);
  await until(() => atReceiver.endpoint.received.length === 2 && atSender.endpoint.received.length === 1);
  expect(eventsAt(atReceiver.endpoint)).toEqual(['referral.created', 'referral.accepted']);
  expect(eventsAt(atSender.endpoint)).toEqual(['referral.accepted']);
  const [told] = atSender.endpoint.received;
  const payload = JSON.parse(told?.body ?? '') as { data: { updated_at: string }; timestamp: string };
  expect(payload).toEqual({
    event: 'referral.accepted',
    data: {
      referral_id: id,
      status: 'accepted',
      updated_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
    },
    timestamp: expect.stringMatching(/\.\d{3}Z$/) as string,
  });
  expect(Object.keys(payload)).toEqual(['event', 'data', 'timestamp']);
  expect(
    verifyWebhook(told?.body ?? '', atSender.secret, String(told?.headers['x-handoffrx-signature'])),
  ).toBe(true);
  expect(() =>
    new Webhook(atSender.secret).verify(told?.body ?? '', told?.headers as Record<string, string>),
  ).not.toThrow();
});

it('tells of a change that an EHR writes through FHIR just the same', async () => {
  const atSender = await hook(sender.id);
  const { id } = (await send(sender.key)).body as { id: string };
  const found = await request(test.app).get(`/fhir/R4/Task?focus=ServiceRequest/${id}`);
  const task = (found.body as { entry: { resource: { id: string } }[] }).entry[0]?.resource;
  const put = await request(test.app)
    .put(`/fhir/R4/Task/${task?.id ?? ''}`)
    .set('Content-Type', 'application/fhir+json')
    .send(JSON.stringify({ ...task, status: 'accepted' }));
  expect(put.status).toBe(200);
  const shown = await request(test.app)
    .get(`/api/v1/referrals/${id}`)
    .set('Authorization', `Bearer ${sender.key}`);
  expect(shown.body).toMatchObject({ status: 'accepted' });
  await until(() => atSender.endpoint.received.length === 1);
  expect(JSON.parse(atSender.endpoint.received[0]?.body ?? '')).toMatchObject({
    event: 'referral.accepted',
    data: { referral_id: id },
  });
});

it('tries again until the receiver answers 2xx, in order, and keeps every attempt', async () => {
  const atReceiver = await hook(receiver.id, (count) => (count < 3 ? 500 : 200));
  const { id } = (await send(sender.key)).body as { id: string };
  await change(id, receiver.key, 'accepted');
  await until(() => atReceiver.endpoint.received.length === 2);
  expect(eventsAt(atReceiver.endpoint)).toEqual(['referral.created', 'referral.accepted']);
  let attempts: Attempt[] = [];
  await until(async () => {
    attempts = await test.house.notify.webhooks.attempts(atReceiver.id, 10);
    return attempts.length === 4;
  });
  expect(attempts.map(({ status }) => status).sort()).toEqual([200, 200, 500, 500]);
});

it('lists a webhook also after its receiver has switched it off with 410', async () => {
  const atReceiver = await hook(receiver.id, () => 410);
  await send(sender.key);
  await until(async () => {
    const webhooks = await test.house.notify.webhooks.list(receiver.id);
    return webhooks.find(({ id }) => id === atReceiver.id)?.status === 'off';
  });
});

it('signs with both secrets while one is rotated, and replays and tests on demand', async () => {
  const atReceiver = await hook(receiver.id);
  const { secret } = await test.house.notify.webhooks.rotate(atReceiver.id, 60_000);
  await test.house.notify.webhooks.test(atReceiver.id);
  await until(() => atReceiver.endpoint.received.length === 1);
  const [told] = atReceiver.endpoint.received;
  expect(eventsAt(atReceiver.endpoint)).toEqual(['webhook.test']);
  for (const each of [secret, atReceiver.secret]) {
    expect(() =>
      new Webhook(each).verify(told?.body ?? '', told?.headers as Record<string, string>),
    ).not.toThrow();
  }
  expect(verifyWebhook(told?.body ?? '', secret, String(told?.headers['x-handoffrx-signature']))).toBe(true);
  expect(await test.house.notify.webhooks.replay(atReceiver.id, '1')).toEqual({ replayed: 1 });
  await until(() => atReceiver.endpoint.received.length === 2);
});

it('refuses an endpoint on a private address that is not allowed', async () => {
  for (const url of [
    'http://10.0.0.1/hook',
    'http://[::1]/hook',
    'http://0.0.0.0/hook',
    'ftp://example.org',
  ]) {
    const made = test.house.notify.webhooks.create(receiver.id, url, ALL, serverContext());
    await expect(made).rejects.toMatchObject({ status: 422 });
  }
});

it('lists webhooks however many other Subscriptions there are', async () => {
  const before = (await test.house.notify.webhooks.list()).length;
  expect(before).toBeGreaterThan(0);
  const other = (i: number) => ({
    kind: 'put' as const,
    resource: {
      ...{
        resourceType: 'Subscription' as const,
        id: `0-${i}`,
        status: 'requested' as const,
        reason: 'test',
      },
      ...{ criteria: `Patient?family=nobody-${i}`, channel: { type: 'websocket' as const } },
    },
  });
  await test.house.store.commit(
    Array.from({ length: 1_001 }, (_, i) => other(i)),
    serverContext(),
  );
  expect(await test.house.notify.webhooks.list()).toHaveLength(before);
  expect(await test.house.notify.journal.list()).toHaveLength(before);
});
