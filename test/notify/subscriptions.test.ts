import type { Bundle, OperationOutcome, Parameters, Resource, Subscription } from '@medplum/fhirtypes';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import request from 'supertest';
import { WebSocket } from 'ws';
import { validateResource } from '../../src/fhir';
import { testHouse, type TestHouse } from '../support/house';
import { Endpoint, until, type Answer } from './endpoint';

/** Subscriptions as EHRs use them: through the FHIR face, plain R4 and topic-based (Subscriptions R5 Backport, R4). */
let test: TestHouse;
const endpoints: Endpoint[] = [];

const IG = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
const TOPICS = 'https://crosswalk.example/fhir/SubscriptionTopic';

beforeAll(async () => {
  test = await testHouse({ FHIR_AUTH: 'off', WEBHOOK_ALLOW_PRIVATE: '127.0.0.0/8' });
});
afterAll(async () => {
  await test.close();
  for (const each of endpoints) each.close();
});

async function endpoint(answer?: (count: number) => Answer): Promise<Endpoint> {
  const made = await new Endpoint(answer).open();
  endpoints.push(made);
  return made;
}

function send(method: 'post' | 'put', path: string, body: object) {
  return request(test.app)[method](`/fhir/R4/${path}`).set('Content-Type', 'application/fhir+json').send(JSON.stringify(body));
}
const get = (path: string) => request(test.app).get(`/fhir/R4/${path}`);

/** Creates and waits for the handshake's outcome. */
async function subscribe(resource: object): Promise<Subscription & { id: string }> {
  const made = await send('post', 'Subscription', { resourceType: 'Subscription', reason: 'test', status: 'active', ...resource });
  expect(made.body).toMatchObject({ resourceType: 'Subscription', status: 'requested' });
  return settled((made.body as { id: string }).id);
}

async function settled(id: string): Promise<Subscription & { id: string }> {
  let found = {} as Subscription & { id: string };
  await until(async () => {
    found = (await get(`Subscription/${id}`)).body as typeof found;
    return found.status !== 'requested';
  });
  return found;
}

function topicBased(topic: string, url: string, options: { content?: string; filters?: string[]; maxCount?: number; type?: string; heartbeat?: number } = {}) {
  const { content = 'id-only', filters = [], maxCount, type = 'rest-hook', heartbeat } = options;
  return {
    meta: { profile: [`${IG}/backport-subscription`] },
    criteria: topic,
    ...(filters.length > 0 && { _criteria: { extension: filters.map((valueString) => ({ url: `${IG}/backport-filter-criteria`, valueString })) } }),
    channel: {
      type,
      ...(type === 'rest-hook' && { endpoint: url }),
      payload: 'application/fhir+json',
      _payload: { extension: [{ url: `${IG}/backport-payload-content`, valueCode: content }] },
      extension: [
        ...(maxCount === undefined ? [] : [{ url: `${IG}/backport-max-count`, valuePositiveInt: maxCount }]),
        ...(heartbeat === undefined ? [] : [{ url: `${IG}/backport-heartbeat-period`, valueUnsignedInt: heartbeat }]),
        ...(maxCount === undefined && heartbeat === undefined ? [{ url: `${IG}/backport-timeout`, valueUnsignedInt: 5 }] : []),
      ],
    },
  };
}

const patient = (family: string) => ({ resourceType: 'Patient', name: [{ family, given: ['Ana'] }] });

async function create(resource: object): Promise<string> {
  const made = await send('post', (resource as Resource).resourceType, resource);
  expect(made.status).toBe(201);
  return (made.body as { id: string }).id;
}

/** The bundles that an endpoint received, each held against the Backport's profile. */
function bundles({ received }: Endpoint): Bundle[] {
  return received.map(({ body }) => {
    const bundle = JSON.parse(body) as Bundle;
    const issues = validateResource(bundle, { profiles: [`${IG}/backport-subscription-notification-r4`] });
    expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
    return bundle;
  });
}

function statusOf(bundle: Bundle | undefined): Record<string, unknown> {
  const { parameter = [] } = (bundle?.entry?.[0]?.resource ?? { parameter: [] }) as Parameters;
  return Object.fromEntries(parameter.map(({ name, part, ...value }) => [name, part ?? Object.values(value)[0]]));
}

const typesOf = (endpoint: Endpoint): unknown[] => bundles(endpoint).map((bundle) => statusOf(bundle)['type']);

describe('what is accepted', () => {
  const plain = { resourceType: 'Subscription', reason: 'test', status: 'requested' };
  const rest = (url: string) => ({ type: 'rest-hook', endpoint: url });

  it.each([
    ['an unknown parameter in the criteria', { criteria: 'Patient?nonsense=1', channel: rest('https://example.org/hook') }, 'Subscription.criteria'],
    ['criteria on no resource type', { criteria: 'Nonsense?a=b', channel: rest('https://example.org/hook') }, 'Subscription.criteria'],
    ['an unknown topic', { criteria: `${TOPICS}/nonsense`, channel: rest('https://example.org/hook') }, 'Subscription.criteria'],
    ['a private address', { criteria: 'Patient?', channel: rest('http://10.1.2.3/hook') }, 'Subscription.channel.endpoint'],
    ['the loopback address of the other family', { criteria: 'Patient?', channel: rest('http://[::1]/hook') }, 'Subscription.channel.endpoint'],
    ['an e-mail channel', { criteria: 'Patient?', channel: { type: 'email', endpoint: 'mailto:a@example.org' } }, 'Subscription.channel.type'],
    ['a payload that is no FHIR', { criteria: 'Patient?', channel: { ...rest('https://example.org'), payload: 'text/plain' } }, 'Subscription.channel.payload'],
    ['a header that frames the message', { criteria: 'Patient?', channel: { ...rest('https://example.org'), header: ['Host: evil'] } }, 'Subscription.channel.header[0]'],
    ['a filter that the topic has not', topicBased(`${TOPICS}/patient`, 'https://example.org', { filters: ['Patient?phone=555'] }), 'Subscription.criteria.extension[0]'],
  ])('refuses %s with 422, naming the element', async (_what, wrong, expression) => {
    const answer = await send('post', 'Subscription', { ...plain, ...wrong });
    expect(answer.status).toBe(422);
    expect((answer.body as OperationOutcome).issue?.flatMap((issue) => issue.expression ?? [])).toContain(expression);
  });

  it('makes one active when its handshake is answered, in error with the reason when not, and tries again on request', async () => {
    let isBack = false;
    const at = await endpoint(() => (isBack ? 200 : 503));
    const failed = await subscribe({ criteria: 'Condition?clinical-status=active', channel: rest(at.url) });
    expect(failed).toMatchObject({ status: 'error', error: expect.stringContaining('503') as string });
    isBack = true;
    const again = await send('put', `Subscription/${failed.id}`, { ...failed, status: 'requested' });
    expect(again.body).toMatchObject({ status: 'requested' });
    expect(again.body).not.toHaveProperty('error');
    expect(await settled(failed.id)).toMatchObject({ status: 'active' });
    const off = await send('put', `Subscription/${failed.id}`, { ...failed, status: 'off' });
    expect(off.body).toMatchObject({ status: 'off' });
  });

  it('announces the topics', async () => {
    const { body } = await get('metadata');
    const [{ resource }] = (body as { rest: [{ resource: { type: string; extension?: { valueCanonical: string }[] }[] }] }).rest;
    const announced = resource.find(({ type }) => type === 'Subscription')?.extension?.map(({ valueCanonical }) => valueCanonical);
    expect(announced).toEqual(expect.arrayContaining([`${TOPICS}/referral-accepted`, `${TOPICS}/prescription`]));
  });
});

describe('plain R4 criteria', () => {
  it('puts the resource to the endpoint where a payload is asked for, else posts nothing, with the headers asked for', async () => {
    const full = await endpoint();
    const empty = await endpoint();
    const criteria = 'Patient?family=Quintero';
    const channel = { type: 'rest-hook', endpoint: full.url, payload: 'application/fhir+json', header: ['Authorization: Bearer abc'] };
    await subscribe({ criteria, channel });
    await subscribe({ criteria, channel: { type: 'rest-hook', endpoint: empty.url } });
    await create(patient('Other'));
    const id = await create(patient('Quintero'));
    await until(() => full.received.length === 2 && empty.received.length === 2);
    expect(full.received[1]).toMatchObject({ method: 'PUT', path: `/hook/Patient/${id}`, headers: { authorization: 'Bearer abc' } });
    expect(JSON.parse(full.received[1]?.body ?? '')).toMatchObject({ resourceType: 'Patient', id });
    expect(empty.received[1]).toMatchObject({ method: 'POST', path: '/hook', body: '' });
  });

  it('follows chains, and every version in order', async () => {
    const at = await endpoint((count) => (count === 2 ? 500 : 200));
    const subject = await create(patient('Chained'));
    const other = await create(patient('Unchained'));
    await subscribe({ criteria: 'Condition?subject:Patient.family=Chained', channel: { type: 'rest-hook', endpoint: at.url, payload: 'application/fhir+json' } });
    const condition = (reference: string) => ({ resourceType: 'Condition', subject: { reference: `Patient/${reference}` }, code: { text: '0' } });
    await create(condition(other));
    const id = await create(condition(subject));
    for (const text of ['1', '2', '3']) await send('put', `Condition/${id}`, { ...condition(subject), id, code: { text } });
    await until(() => at.received.length === 5);
    const told = at.received.slice(1).map(({ body }) => JSON.parse(body) as Resource & { code: { text: string } });
    expect(told.map((each) => each.code.text)).toEqual(['0', '1', '2', '3']);
  });
});

describe('topics', () => {
  it('shakes hands, and tells with id-only, empty and full content in bundles that the Backport calls valid', async () => {
    const [ids, empty, full] = [await endpoint(), await endpoint(), await endpoint()];
    const filters = ['Patient?family=Topical'];
    const first = await subscribe(topicBased(`${TOPICS}/patient`, ids.url, { filters }));
    await subscribe(topicBased(`${TOPICS}/patient`, empty.url, { content: 'empty', filters }));
    await subscribe(topicBased(`${TOPICS}/patient`, full.url, { content: 'full-resource', filters }));
    await create(patient('Elsewhere'));
    const id = await create(patient('Topical'));
    await until(() => [ids, empty, full].every(({ received }) => received.length === 2));
    for (const each of [ids, empty, full]) expect(typesOf(each)).toEqual(['handshake', 'event-notification']);
    const [, told] = bundles(ids);
    expect(statusOf(told)).toMatchObject({
      topic: `${TOPICS}/patient`,
      status: 'active',
      'events-since-subscription-start': '1',
      subscription: { reference: expect.stringContaining(`/fhir/R4/Subscription/${first.id}`) as string },
    });
    expect(told?.entry?.slice(1)).toEqual([
      { fullUrl: expect.stringContaining(`/Patient/${id}`) as string, request: { method: 'POST', url: 'Patient' }, response: { status: '201' } },
    ]);
    expect(bundles(empty)[1]?.entry).toHaveLength(1);
    expect(JSON.stringify(bundles(empty)[1])).not.toContain(id);
    expect(bundles(full)[1]?.entry?.[1]?.resource).toMatchObject({ resourceType: 'Patient', id, name: [{ family: 'Topical' }] });
    await request(test.app).delete(`/fhir/R4/Patient/${id}`);
    await until(() => ids.received.length === 3);
    expect(bundles(ids)[2]?.entry?.[1]?.request).toEqual({ method: 'DELETE', url: `Patient/${id}` });
  });

  it('takes topics of clients: criteria before and after, FHIRPath, filters, and what goes with the focus', async () => {
    const url = 'http://example.org/SubscriptionTopic/encounter-finished';
    const five = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic';
    const four = 'http://hl7.org/fhir/4.3/StructureDefinition/extension-SubscriptionTopic';
    const topic = (path: string) => ({
      resourceType: 'Basic',
      code: { coding: [{ system: 'http://hl7.org/fhir/fhir-types', code: 'SubscriptionTopic' }] },
      modifierExtension: [{ url: `${five}.status`, valueCode: 'active' }],
      extension: [
        { url: `${five}.url`, valueUri: url },
        {
          url: `${four}.resourceTrigger`,
          extension: [
            { url: 'resource', valueUri: 'http://hl7.org/fhir/StructureDefinition/Encounter' },
            { url: 'supportedInteraction', valueCode: 'create' },
            { url: 'supportedInteraction', valueCode: 'update' },
            {
              url: 'queryCriteria',
              extension: [
                { url: 'previous', valueString: 'status:not=finished' },
                { url: 'resultForCreate', valueCode: 'test-fails' },
                { url: 'current', valueString: 'status=finished' },
                { url: 'requireBoth', valueBoolean: true },
              ],
            },
            { url: 'fhirPathCriteria', valueString: path },
          ],
        },
        { url: `${four}.canFilterBy`, extension: [{ url: 'resource', valueUri: 'Encounter' }, { url: 'filterParameter', valueString: 'subject' }] },
        { url: `${four}.notificationShape`, extension: [{ url: 'resource', valueUri: 'Encounter' }, { url: 'include', valueString: 'Encounter:patient' }] },
      ],
    });
    expect((await send('post', 'Basic', topic('%current.status ='))).status).toBe(422);
    expect((await send('post', 'Basic', topic("%previous.status = 'in-progress' and %current.status = 'finished'"))).status).toBe(201);
    const at = await endpoint();
    const subject = await create(patient('Visitor'));
    await subscribe(topicBased(url, at.url, { content: 'full-resource', filters: [`Encounter?subject=Patient/${subject}`] }));
    const encounter = { resourceType: 'Encounter', class: { code: 'AMB' }, subject: { reference: `Patient/${subject}` } };
    await create({ ...encounter, status: 'finished' });
    const planned = await create({ ...encounter, status: 'planned' });
    await send('put', `Encounter/${planned}`, { ...encounter, id: planned, status: 'finished' });
    const id = await create({ ...encounter, status: 'in-progress' });
    await send('put', `Encounter/${id}`, { ...encounter, id, status: 'finished' });
    await send('put', `Encounter/${id}`, { ...encounter, id, status: 'finished', priority: { text: 'again' } });
    const after = await create({ ...encounter, status: 'in-progress' });
    await send('put', `Encounter/${after}`, { ...encounter, id: after, status: 'finished' });
    await until(() => at.received.length === 3);
    const [, told, last] = bundles(at);
    expect(told?.entry?.slice(1).map(({ resource }) => `${resource?.resourceType ?? ''}/${resource?.id ?? ''}`)).toEqual([`Encounter/${id}`, `Patient/${subject}`]);
    expect(last?.entry?.[1]?.resource?.id).toBe(after);
    expect(statusOf(told)['notification-event']).toContainEqual({
      name: 'additional-context',
      valueReference: { reference: expect.stringContaining(`/Patient/${subject}`) as string },
    });
  });

  it('lays several events into one notification up to maxCount, shows status and events, and sends again', async () => {
    let isUp = true;
    const at = await endpoint(() => (isUp ? 200 : 500));
    const { id } = await subscribe(topicBased(`${TOPICS}/patient`, at.url, { filters: ['Patient?family=Batched'], maxCount: 10 }));
    isUp = false;
    const made: string[] = [];
    for (let i = 0; i < 4; i++) made.push(await create(patient('Batched')));
    isUp = true;
    const numbers = () => bundles(at).flatMap((bundle) => ((bundle.entry?.[0]?.resource as Parameters).parameter ?? []).flatMap(({ name, part }) => (name === 'notification-event' ? [part?.[0]?.valueString] : [])));
    await until(() => new Set(numbers()).size === 4);
    expect(at.received.length).toBeLessThan(5);
    expect(numbers()).toEqual(['1', '2', '3', '4']);
    const status = (await get(`Subscription/${id}/$status`)).body as Bundle;
    expect(status).toMatchObject({ type: 'searchset', total: 1 });
    expect(statusOf(status)).toMatchObject({ type: 'query-status', status: 'active', 'events-since-subscription-start': '4' });
    const events = (await get(`Subscription/${id}/$events?eventsSinceNumber=2&eventsUntilNumber=3&content=full-resource`)).body as Bundle;
    expect(validateResource(events, { profiles: [`${IG}/backport-subscription-notification-r4`] }).filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(statusOf(events)['type']).toBe('query-event');
    expect(events.entry?.slice(1).map(({ resource }) => resource?.id)).toEqual(made.slice(1, 3));
    const before = at.received.length;
    const again = await send('post', `Subscription/${id}/$resend`, { resourceType: 'Parameters', parameter: [{ name: 'eventsSinceNumber', valueString: '4' }] });
    expect(again.body).toMatchObject({ resourceType: 'OperationOutcome' });
    await until(() => at.received.length > before);
    expect(numbers().at(-1)).toBe('4');
  });

  it('sends heartbeats while nothing happens', async () => {
    const at = await endpoint();
    await subscribe(topicBased(`${TOPICS}/note`, at.url, { heartbeat: 1 }));
    await until(() => typesOf(at).filter((type) => type === 'heartbeat').length >= 2);
  });
});

describe('the end of a subscription', () => {
  it('turns off at 410, waits as Retry-After asks, and tells a deleted one nothing', async () => {
    const gone = await endpoint((count) => (count === 1 ? 200 : 410));
    const busy = await endpoint((count) => (count === 2 ? { status: 429, headers: { 'Retry-After': '3' } } : 200));
    const deleted = await endpoint();
    const criteria = 'Patient?family=Ending';
    const one = async (url: string) => subscribe({ criteria, channel: { type: 'rest-hook', endpoint: url } });
    const [first, , third] = [await one(gone.url), await one(busy.url), await one(deleted.url)];
    await request(test.app).delete(`/fhir/R4/Subscription/${third.id}`);
    const before = Date.now();
    await create(patient('Ending'));
    await until(async () => ((await get(`Subscription/${first.id}`)).body as Subscription).status === 'off');
    await until(() => busy.received.length === 2);
    expect(Date.now() - before).toBeGreaterThanOrEqual(3_000);
    expect(busy.calls).toHaveLength(3);
    expect(deleted.received).toHaveLength(1);
  });
});

describe('websockets', () => {
  it('binds with a token, shakes hands and tells on the socket', async () => {
    const server = createServer(test.app);
    test.house.notify.attach(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { id } = await subscribe(topicBased(`${TOPICS}/patient`, '', { type: 'websocket', filters: ['Patient?family=Socket'] }));
    const early = await create(patient('Socket'));
    const { body } = await get(`Subscription/${id}/$get-ws-binding-token`);
    const value = (name: string) => {
      const { name: _name, ...rest } = (body as Parameters).parameter?.find((each) => each.name === name) ?? { name };
      return String(Object.values(rest)[0]);
    };
    expect(value('websocket-url')).toMatch(/^ws:\/\/.*\/fhir\/R4\/ws$/);
    const port = (server.address() as AddressInfo).port;
    const open = async (token: string) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/fhir/R4/ws`);
      const messages: Bundle[] = [];
      let closed = 0;
      socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as Bundle));
      socket.on('close', (code) => (closed = code));
      await new Promise((done) => socket.once('open', done));
      socket.send(`bind-with-token: ${token}`);
      return { socket, messages, closed: () => closed };
    };
    const stranger = await open('wsb_wrong');
    await until(() => stranger.closed() === 1008);
    const { socket, messages } = await open(value('token'));
    await until(() => messages.length === 2);
    const late = await create(patient('Socket'));
    await until(() => messages.length === 3);
    expect(messages.map((message) => statusOf(message)['type'])).toEqual(['handshake', 'event-notification', 'event-notification']);
    expect(messages.slice(1).map((message) => message.entry?.[1]?.fullUrl?.split('/').at(-1))).toEqual([early, late]);
    socket.close();
    await new Promise((done) => server.close(done));
  });
});
