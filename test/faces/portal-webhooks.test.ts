import request from 'supertest';
import { Webhook } from 'standardwebhooks';
import { Endpoint, until, type Received } from '../notify/endpoint';
import { testHouse, type TestHouse } from '../support/house';
import { refusal, type Visitor, visitor } from './dashboard';

/** What the dashboard's webhook pages ask: `/portal/webhooks`. */
let test: TestHouse;
let operator: Visitor;
let sonora: Visitor;
let mesa: Visitor;
let sonoraId: string;
const endpoints: Endpoint[] = [];

interface Listed {
  id: string;
  practice: string;
  practiceId: string;
  url: string;
  events: string[];
  status: string;
  waiting: number;
}
interface Delivery {
  number: number;
  eventId: string;
  state: string;
  attempts: number;
  event: string;
}

beforeAll(async () => {
  test = await testHouse({ WEBHOOK_ALLOW_PRIVATE: '127.0.0.0/8' });
  const { practices } = test.house.identity;
  sonoraId = (await practices.create('Sonora')).id;
  await practices.create('Mesa');
  operator = await visitor(test, 'operator');
  sonora = await visitor(test, 'practice-admin', 'Sonora');
  mesa = await visitor(test, 'practice-admin', 'Mesa');
});

afterAll(async () => {
  await test.close();
  endpoints.forEach((each) => each.close());
});

async function webhook(owner: Visitor, answer?: (count: number) => number) {
  const endpoint = await new Endpoint(answer).open();
  endpoints.push(endpoint);
  const made = await owner.post('/webhooks', { url: endpoint.url, events: ['referral.created'] });
  expect(made.status).toBe(201);
  return { endpoint, ...(made.body as { id: string; secret: string }) };
}

async function deliveries(who: Visitor, id: string, query = ''): Promise<Delivery[]> {
  const answer = await who.get(`/webhooks/${id}/deliveries${query}`);
  expect(answer.status).toBe(200);
  return (answer.body as { data: Delivery[] }).data;
}

const listed = async (who: Visitor): Promise<Listed[]> =>
  ((await who.get('/webhooks')).body as { data: Listed[] }).data;

const stateOf = async (id: string): Promise<Listed> => (await sonora.get(`/webhooks/${id}`)).body as Listed;

/** Every endpoint of one webhook, as a page would ask it. */
const ALL: readonly ['get' | 'post', string, object?][] = [
  ['get', ''],
  ['get', '/deliveries'],
  ['get', '/deliveries/1'],
  ['get', '/health?range=week'],
  ['post', '/rotate', { overlapHours: 1 }],
  ['post', '/switch', { to: 'off' }],
  ['post', '/test'],
  ['post', '/replay', {}],
];

describe('webhooks of the dashboard', () => {
  it('are made and listed by practice; the secret is shown once and signs what is sent', async () => {
    const { id, secret, endpoint } = await webhook(sonora);
    expect(secret).toMatch(/^whsec_/);
    expect(await listed(sonora)).toEqual([
      expect.objectContaining({
        id,
        practice: 'Sonora',
        practiceId: sonoraId,
        url: endpoint.url,
        events: ['referral.created'],
        waiting: 0,
      }),
    ]);
    const shown = await sonora.get(`/webhooks/${id}`);
    expect(shown.body).toMatchObject({ id, practice: 'Sonora' });
    expect(shown.text).not.toContain(secret);

    const tested = await sonora.post(`/webhooks/${id}/test`);
    expect(tested.status).toBe(202);
    const { eventId } = tested.body as { eventId: string };
    await until(() => endpoint.received.length > 0);
    const [call] = endpoint.received;
    expect(verified(secret, call)).toMatchObject({ event: 'webhook.test', data: { webhook_id: id } });
    await until(async () => (await deliveries(sonora, id))[0]?.state === 'delivered');
    expect(await deliveries(sonora, id)).toEqual([
      expect.objectContaining({ number: 1, eventId, event: 'webhook.test', attempts: 1 }),
    ]);
    const one = await sonora.get(`/webhooks/${id}/deliveries/1`);
    expect(one.body).toMatchObject({
      delivery: { number: 1, eventId },
      body: call?.body,
      attempts: [expect.objectContaining({ status: 200 })],
    });
    const health = await sonora.get(`/webhooks/${id}/health`);
    expect(health.body).toMatchObject({ hours: [expect.objectContaining({ received: 1, failed: 0 })] });
  });

  it('are made by operators for the practice that they name', async () => {
    const url = 'https://hooks.example.org/in';
    const made = await operator.post('/webhooks', { url, events: ['referral.accepted'], practice: 'Mesa' });
    expect([made.status, made.headers['cache-control']]).toEqual([201, 'no-store']);
    expect((await listed(mesa)).map(({ id }) => id)).toContain((made.body as { id: string }).id);
    const names = (await listed(operator)).map(({ practice }) => practice);
    expect(new Set(names)).toEqual(new Set(['Sonora', 'Mesa']));
    expect((await operator.post('/webhooks', { url, events: ['referral.accepted'] })).status).toBe(422);
    const nowhere = { url, events: ['referral.accepted'], practice: 'Nowhere' };
    expect((await operator.post('/webhooks', nowhere)).status).toBeGreaterThanOrEqual(404);
  });

  it('are for operators and practice administrators alone', async () => {
    const { id } = await webhook(sonora);
    const others = await Promise.all(
      ['provider', 'staff', 'admin', 'read-only', 'pharmacy'].map((role) => visitor(test, role, 'Sonora')),
    );
    for (const other of [...others, await visitor(test, 'compliance')]) {
      expect((await other.get('/webhooks')).status).toBe(403);
      expect((await other.post('/webhooks', { url: 'x', events: [] })).status).toBe(403);
      for (const [method, path, body] of ALL)
        expect([path, (await other[method](`/webhooks/${id}${path}`, body)).status]).toEqual([path, 403]);
    }
    for (const [method, path] of ALL) {
      const answer = await request(test.app)[method](`/portal/webhooks/${id}${path}`).send({});
      expect([path, answer.status]).toEqual([path, 401]);
    }
  });

  it('are of other practices unknown: none of their deliveries, bodies or secrets', async () => {
    const { id, endpoint } = await webhook(sonora);
    await sonora.post(`/webhooks/${id}/test`);
    await until(async () => (await deliveries(sonora, id))[0]?.state === 'delivered');
    expect((await listed(mesa)).map((each) => each.id)).not.toContain(id);
    for (const [method, path, body] of ALL) {
      const answer = await mesa[method](`/webhooks/${id}${path}`, body);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.text).not.toContain(endpoint.url);
    }
    const stranger = { url: endpoint.url, events: ['referral.created'], practice: 'Sonora' };
    expect((await mesa.post('/webhooks', stranger)).status).toBe(403);
    // Nothing of what was refused has happened.
    expect(await stateOf(id)).toMatchObject({ id, status: 'active' });
    expect(await deliveries(sonora, id)).toHaveLength(1);
    expect(endpoint.received).toHaveLength(1);
    for (const [method, path, body] of ALL)
      expect([path, (await sonora[method](`/webhooks/none${path}`, body)).status]).toEqual([path, 404]);
  });

  it('show no Subscription that is no webhook', async () => {
    const resource = {
      resourceType: 'Subscription',
      status: 'requested',
      reason: 'an EHR',
      criteria: 'Patient?active=true',
      channel: { type: 'rest-hook', endpoint: endpoints[0]?.url ?? '', payload: 'application/fhir+json' },
    } as const;
    const { store } = test.house;
    const context = { viewer: {}, requestId: 'r', author: { id: 'ehr', name: 'EHR', kind: 'client' } };
    const [committed] = await store.commit([{ kind: 'create', resource, share: [sonoraId] }], context);
    const id = committed?.id ?? '';
    expect((await listed(operator)).map((each) => each.id)).not.toContain(id);
    expect((await operator.get(`/webhooks/${id}`)).status).toBe(404);
    expect((await operator.get(`/webhooks/${id}/deliveries`)).status).toBe(404);
  });

  it('take no change without the token of the session, or from a page of another site', async () => {
    const { id } = await webhook(sonora);
    await until(async () => (await stateOf(id)).status === 'active');
    const before = await stateOf(id);
    const foreign: Record<string, string>[] = [
      {},
      { 'X-CSRF-Token': 'guess' },
      { 'X-CSRF-Token': mesa.csrf },
      { 'X-CSRF-Token': sonora.csrf, Origin: 'https://evil.example' },
      { 'X-CSRF-Token': sonora.csrf, 'Sec-Fetch-Site': 'cross-site' },
    ];
    for (const headers of foreign) {
      for (const [method, path, body] of ALL.filter(([each]) => each === 'post')) {
        const answer = await sonora.postWith(headers, `/webhooks/${id}${path}`, body);
        expect([method, path, answer.status]).toEqual(['post', path, 403]);
      }
    }
    expect(await stateOf(id)).toEqual(before);
    expect(await deliveries(sonora, id)).toEqual([]);
  });

  it('tell all that is wrong with a form at once', async () => {
    const wrong = await sonora.post('/webhooks', { url: 7, events: ['referral.lost', 'x'], secret: 'mine' });
    expect(refusal(wrong)).toEqual({ status: 422, fields: ['events[0]', 'events[1]', 'secret', 'url'] });
    expect(refusal(await sonora.post('/webhooks', {}))).toEqual({ status: 422, fields: ['events', 'url'] });
    for (const url of ['ftp://x.example', 'https://10.0.0.1/', 'https://a:b@x.example/', 'x'])
      expect([url, refusal(await sonora.post('/webhooks', { url, events: ['referral.created'] }))]).toEqual([
        url,
        { status: 422, fields: ['url'] },
      ]);
    const { id } = await webhook(sonora);
    const at = `/webhooks/${id}`;
    for (const [path, body, fields] of [
      ['/rotate', { overlapHours: 721, extra: 1 }, ['extra', 'overlapHours']],
      ['/rotate', {}, ['overlapHours']],
      ['/switch', { to: 'sideways' }, ['to']],
      ['/replay', { numbers: [0, 'x'], all: true }, ['all', 'numbers[0]', 'numbers[1]']],
      ['/replay', { numbers: [] }, ['numbers']],
    ] as const)
      expect([path, refusal(await sonora.post(`${at}${path}`, body))]).toEqual([
        path,
        { status: 422, fields },
      ]);
    const query = await sonora.get(`${at}/deliveries?state=lost&before=0&page=2`);
    expect(refusal(query)).toEqual({ status: 400, fields: ['before', 'page', 'state'] });
    expect(refusal(await sonora.get(`${at}/health?range=year`)).status).toBe(400);
    expect((await sonora.get(`${at}/deliveries/99`)).status).toBe(404);
    expect((await sonora.get(`${at}/deliveries/first`)).status).toBe(404);
  });
});

describe('what failed', () => {
  it('is replayed, all of it or one, under the id that it had', async () => {
    let works = false;
    const { id, endpoint, secret } = await webhook(sonora, () => (works ? 200 : 503));
    for (let sent = 0; sent < 3; sent++) await sonora.post(`/webhooks/${id}/test`);
    await until(async () => (await deliveries(sonora, id)).filter(({ attempts }) => attempts > 0).length > 0);
    const [failing] = await deliveries(sonora, id, '?before=2');
    const shown = await sonora.get(`/webhooks/${id}/deliveries/${failing?.number}`);
    expect(shown.body).toMatchObject({ delivery: { state: 'pending' } });
    expect((shown.body as { attempts: { status: number }[] }).attempts[0]?.status).toBe(503);
    expect((await sonora.get(`/webhooks/${id}`)).body).toMatchObject({
      waiting: 3,
      lastAttempt: { isReceived: false },
    });

    works = true;
    const replayed = await sonora.post(`/webhooks/${id}/replay`);
    expect(replayed.status).toBe(202);
    await until(async () => (await deliveries(sonora, id, '?state=delivered')).length === 3);
    expect(await deliveries(sonora, id, '?state=pending')).toEqual([]);
    const numbers = (await deliveries(sonora, id)).map(({ number }) => number);
    expect(numbers).toEqual([3, 2, 1]);

    const before = endpoint.received.length;
    const one = await sonora.post(`/webhooks/${id}/replay`, { numbers: [2] });
    expect(one.body).toEqual({ replayed: 1 });
    await until(() => endpoint.received.length > before);
    const [second] = (await deliveries(sonora, id)).filter(({ number }) => number === 2);
    expect(endpoint.received.at(-1)?.headers['webhook-id']).toBe(`msg_${second?.eventId}`);
    verified(secret, endpoint.received.at(-1));

    const many = await sonora.post(`/webhooks/${id}/replay`, { numbers: [1, 3, 77] });
    expect(many.body).toEqual({ replayed: 2 });
    await until(() => endpoint.received.length === before + 3);
    expect((await sonora.post(`/webhooks/${id}/replay`, { numbers: [77] })).body).toEqual({ replayed: 0 });
  });

  it('ends with a webhook that is switched off, and what comes after is told when it is on again', async () => {
    const { id, endpoint } = await webhook(sonora);
    await until(async () => (await stateOf(id)).status === 'active');
    expect((await sonora.post(`/webhooks/${id}/switch`, { to: 'off' })).body).toMatchObject({
      status: 'off',
    });
    expect((await listed(sonora)).find((each) => each.id === id)?.status).toBe('off');
    await sonora.post(`/webhooks/${id}/switch`, { to: 'on' });
    await until(async () => (await stateOf(id)).status === 'active');
    await sonora.post(`/webhooks/${id}/test`);
    await until(() => endpoint.received.length === 1);
  });
});

describe('rotation', () => {
  it('gives a new secret once; both sign until the overlap has passed, without one only the new', async () => {
    const { id, endpoint, secret } = await webhook(sonora);
    const rotate = async (overlapHours: number): Promise<string> => {
      const answer = await sonora.post(`/webhooks/${id}/rotate`, { overlapHours });
      expect([answer.status, answer.headers['cache-control']]).toEqual([201, 'no-store']);
      return (answer.body as { secret: string }).secret;
    };
    const send = async (): Promise<Received | undefined> => {
      const before = endpoint.received.length;
      await sonora.post(`/webhooks/${id}/test`);
      await until(() => endpoint.received.length > before);
      return endpoint.received.at(-1);
    };
    const second = await rotate(24);
    expect(second).not.toBe(secret);
    const overlapping = await send();
    verified(secret, overlapping);
    verified(second, overlapping);
    const third = await rotate(0);
    const after = await send();
    verified(third, after);
    expect(() => verified(second, after)).toThrow();
  });

  it('is in the audit trail with the webhook that it was of, and without its secret', async () => {
    const { id, secret } = await webhook(sonora);
    await sonora.post(`/webhooks/${id}/rotate`, { overlapHours: 0 });
    await test.house.audit.flush();
    const stored = await test.house.connection.mongoose.collection('AuditEvent').find().toArray();
    const about = stored.map((each) => JSON.stringify(each)).filter((each) => each.includes(id));
    expect(about.length).toBeGreaterThanOrEqual(2);
    expect(about.join()).not.toContain(secret.slice('whsec_'.length));
  });
});

function verified(secret: string, call: Received | undefined): unknown {
  return new Webhook(secret).verify(call?.body ?? '', call?.headers as Record<string, string>);
}
