import type { Bundle, CapabilityStatement, OperationOutcome, Parameters, Resource } from '@medplum/fhirtypes';
import { ownDefinitions, validateResource } from '../../src/fhir';
import { testHouse, type TestHouse } from '../support/house';
import {
  anyone,
  bundles,
  create as createBy,
  endpoints,
  IG,
  settled as settledFor,
  statusOf,
  subscribe as subscribeBy,
  topicBased,
  TOPICS,
  typesOf,
} from './support';
import { until } from './endpoint';

/** Subscriptions as EHRs use them: through the FHIR face, plain R4 and topic-based (Subscriptions R5 Backport, R4). */
let test: TestHouse;
const caller = anyone(() => test);
const { open: endpoint, close } = endpoints();

beforeAll(async () => {
  test = await testHouse({ FHIR_AUTH: 'off', WEBHOOK_ALLOW_PRIVATE: '127.0.0.0/8' });
});
afterAll(async () => {
  await test.close();
  close();
});

const { get, send } = caller;
const subscribe = (resource: object) => subscribeBy(caller, resource);
const settled = (id: string) => settledFor(caller, id);
const create = (resource: object) => createBy(caller, resource);
const patient = (family: string) => ({ resourceType: 'Patient', name: [{ family, given: ['Ana'] }] });

describe('what is accepted', () => {
  const plain = { resourceType: 'Subscription', reason: 'test', status: 'requested' };
  const rest = (url: string) => ({ type: 'rest-hook', endpoint: url });

  it.each([
    [
      'an unknown parameter in the criteria',
      { criteria: 'Patient?nonsense=1', channel: rest('https://example.org/hook') },
      'Subscription.criteria',
    ],
    [
      'criteria on no resource type',
      { criteria: 'Nonsense?a=b', channel: rest('https://example.org/hook') },
      'Subscription.criteria',
    ],
    [
      'an unknown topic',
      { criteria: `${TOPICS}/nonsense`, channel: rest('https://example.org/hook') },
      'Subscription.criteria',
    ],
    [
      'a private address',
      { criteria: 'Patient?', channel: rest('http://10.1.2.3/hook') },
      'Subscription.channel.endpoint',
    ],
    [
      'the loopback address of the other family',
      { criteria: 'Patient?', channel: rest('http://[::1]/hook') },
      'Subscription.channel.endpoint',
    ],
    [
      'an e-mail channel',
      { criteria: 'Patient?', channel: { type: 'email', endpoint: 'mailto:a@example.org' } },
      'Subscription.channel.type',
    ],
    [
      'a payload that is no FHIR',
      { criteria: 'Patient?', channel: { ...rest('https://example.org'), payload: 'text/plain' } },
      'Subscription.channel.payload',
    ],
    [
      'a header that frames the message',
      { criteria: 'Patient?', channel: { ...rest('https://example.org'), header: ['Host: evil'] } },
      'Subscription.channel.header[0]',
    ],
    [
      'a payload content that the Backport does not know',
      { criteria: 'Patient?', channel: topicBased('', 'https://example.org', { content: 'full' }).channel },
      'Subscription.channel.payload.extension',
    ],
    [
      'a filter that the topic has not',
      topicBased(`${TOPICS}/patient`, 'https://example.org', { filters: ['Patient?phone=555'] }),
      'Subscription.criteria.extension[0]',
    ],
  ])('refuses %s with 422, naming the element', async (_what, wrong, expression) => {
    const answer = await send('post', 'Subscription', { ...plain, ...wrong });
    expect(answer.status).toBe(422);
    expect((answer.body as OperationOutcome).issue?.flatMap((issue) => issue.expression ?? [])).toContain(
      expression,
    );
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

  it('announces the topics, and operations of ours that are defined', async () => {
    const { resource = [] } = ((await get('metadata')).body as CapabilityStatement).rest?.[0] ?? {};
    const announced = resource
      .find(({ type }) => type === 'Subscription')
      ?.extension?.map(({ valueCanonical }) => valueCanonical);
    expect(announced).toEqual(
      expect.arrayContaining([`${TOPICS}/referral-accepted`, `${TOPICS}/prescription`]),
    );
    const ours = resource
      .flatMap(({ operation = [] }) => operation)
      .filter(({ definition }) => definition.startsWith('https://crosswalk.example/'));
    expect(ours.map(({ name }) => name)).toContain('rotate-secret');
    for (const { name, definition } of ours) {
      const defined = ownDefinitions().find(
        (each) => each.resourceType === 'OperationDefinition' && each.url === definition,
      );
      expect(defined).toMatchObject({ code: name, status: 'active' });
    }
  });
});

describe('plain R4 criteria', () => {
  it('puts the resource to the endpoint where a payload is asked for, else posts nothing, with the headers asked for', async () => {
    const full = await endpoint();
    const empty = await endpoint();
    const criteria = 'Patient?family=Quintero';
    const plain = { type: 'rest-hook', endpoint: `${full.url}/?key=1`, payload: 'application/fhir+json' };
    const header = ['Authorization: Bearer abc', 'content-type: text/plain', 'X-Via: one', 'X-Via: two'];
    await subscribe({ criteria, channel: { ...plain, header } });
    await subscribe({ criteria, channel: { type: 'rest-hook', endpoint: empty.url } });
    await create(patient('Other'));
    const id = await create(patient('Quintero'));
    await until(() => full.received.length === 2 && empty.received.length === 2);
    const sent = {
      authorization: 'Bearer abc',
      'content-type': 'application/fhir+json',
      'x-via': 'one, two',
    };
    const path = `/hook/Patient/${id}?key=1`;
    expect(full.received[1]).toMatchObject({ method: 'PUT', path, headers: sent });
    expect(JSON.parse(full.received[1]?.body ?? '')).toMatchObject({ resourceType: 'Patient', id });
    expect(empty.received[1]).toMatchObject({ method: 'POST', path: '/hook', body: '' });
  });

  it('follows chains, and every version in order', async () => {
    const at = await endpoint((count) => (count === 2 ? 500 : 200));
    const subject = await create(patient('Chained'));
    const other = await create(patient('Unchained'));
    await subscribe({
      criteria: 'Condition?subject:Patient.family=Chained',
      channel: { type: 'rest-hook', endpoint: at.url, payload: 'application/fhir+json' },
    });
    const condition = (reference: string) => ({
      resourceType: 'Condition',
      subject: { reference: `Patient/${reference}` },
      code: { text: '0' },
    });
    await create(condition(other));
    const id = await create(condition(subject));
    for (const text of ['1', '2', '3'])
      await send('put', `Condition/${id}`, { ...condition(subject), id, code: { text } });
    await until(() => at.received.length === 5);
    const told = at.received
      .slice(1)
      .map(({ body }) => JSON.parse(body) as Resource & { code: { text: string } });
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
      {
        fullUrl: expect.stringContaining(`/Patient/${id}`) as string,
        request: { method: 'POST', url: 'Patient' },
        response: { status: '201' },
      },
    ]);
    expect(bundles(empty)[1]?.entry).toHaveLength(1);
    expect(JSON.stringify(bundles(empty)[1])).not.toContain(id);
    expect(bundles(full)[1]?.entry?.[1]?.resource).toMatchObject({
      resourceType: 'Patient',
      id,
      name: [{ family: 'Topical' }],
    });
    await caller.delete(`Patient/${id}`);
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
        {
          url: `${four}.canFilterBy`,
          extension: [
            { url: 'resource', valueUri: 'Encounter' },
            { url: 'filterParameter', valueString: 'subject' },
          ],
        },
        {
          url: `${four}.notificationShape`,
          extension: [
            { url: 'resource', valueUri: 'Encounter' },
            { url: 'include', valueString: 'Encounter:patient' },
          ],
        },
      ],
    });
    expect((await send('post', 'Basic', topic('%current.status ='))).status).toBe(422);
    expect(
      (
        await send(
          'post',
          'Basic',
          topic("%previous.status = 'in-progress' and %current.status = 'finished'"),
        )
      ).status,
    ).toBe(201);
    const at = await endpoint();
    const subject = await create(patient('Visitor'));
    await subscribe(
      topicBased(url, at.url, {
        content: 'full-resource',
        filters: [`Encounter?subject=Patient/${subject}`],
      }),
    );
    const encounter = {
      resourceType: 'Encounter',
      class: { code: 'AMB' },
      subject: { reference: `Patient/${subject}` },
    };
    await create({ ...encounter, status: 'finished' });
    const planned = await create({ ...encounter, status: 'planned' });
    await send('put', `Encounter/${planned}`, { ...encounter, id: planned, status: 'finished' });
    const id = await create({ ...encounter, status: 'in-progress' });
    await send('put', `Encounter/${id}`, { ...encounter, id, status: 'finished' });
    await send('put', `Encounter/${id}`, {
      ...encounter,
      id,
      status: 'finished',
      priority: { text: 'again' },
    });
    const after = await create({ ...encounter, status: 'in-progress' });
    await send('put', `Encounter/${after}`, { ...encounter, id: after, status: 'finished' });
    await until(() => at.received.length === 3);
    const [, told, last] = bundles(at);
    expect(
      told?.entry?.slice(1).map(({ resource }) => `${resource?.resourceType ?? ''}/${resource?.id ?? ''}`),
    ).toEqual([`Encounter/${id}`, `Patient/${subject}`]);
    expect(last?.entry?.[1]?.resource?.id).toBe(after);
    expect(statusOf(told)['notification-event']).toContainEqual({
      name: 'additional-context',
      valueReference: { reference: expect.stringContaining(`/Patient/${subject}`) as string },
    });
  });

  it('lays several events into one notification up to maxCount, shows status and events, and sends again', async () => {
    let isUp = true;
    const at = await endpoint(() => (isUp ? 200 : 500));
    const { id } = await subscribe(
      topicBased(`${TOPICS}/patient`, at.url, { filters: ['Patient?family=Batched'], maxCount: 10 }),
    );
    isUp = false;
    const made: string[] = [];
    for (let i = 0; i < 4; i++) made.push(await create(patient('Batched')));
    isUp = true;
    const numbers = () =>
      bundles(at).flatMap((bundle) =>
        ((bundle.entry?.[0]?.resource as Parameters).parameter ?? []).flatMap(({ name, part }) =>
          name === 'notification-event' ? [part?.[0]?.valueString] : [],
        ),
      );
    await until(() => new Set(numbers()).size === 4);
    expect(at.received.length).toBeLessThan(5);
    // Each once; only those of one resource wait for each other when one has to be sent again.
    expect(numbers().sort()).toEqual(['1', '2', '3', '4']);
    const status = (await get(`Subscription/${id}/$status`)).body as Bundle;
    expect(status).toMatchObject({ type: 'searchset', total: 1 });
    expect(statusOf(status)).toMatchObject({
      type: 'query-status',
      status: 'active',
      'events-since-subscription-start': '4',
    });
    const events = (
      await get(`Subscription/${id}/$events?eventsSinceNumber=2&eventsUntilNumber=3&content=full-resource`)
    ).body as Bundle;
    expect(
      validateResource(events, { profiles: [`${IG}/backport-subscription-notification-r4`] }).filter(
        ({ severity }) => severity === 'error',
      ),
    ).toEqual([]);
    expect(statusOf(events)['type']).toBe('query-event');
    expect(events.entry?.slice(1).map(({ resource }) => resource?.id)).toEqual(made.slice(1, 3));
    const before = at.received.length;
    const again = await send('post', `Subscription/${id}/$resend`, {
      resourceType: 'Parameters',
      parameter: [{ name: 'eventsSinceNumber', valueString: '4' }],
    });
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
