import type { Bundle, Parameters, Resource, Subscription } from '@medplum/fhirtypes';
import request from 'supertest';
import { validateResource } from '../../src/fhir';
import type { Caller } from '../fhir-face/clients';
import type { TestHouse } from '../support/house';
import { Endpoint, until, type Answer } from './endpoint';

export const IG = 'http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition';
export const TOPICS = 'https://crosswalk.example/fhir/SubscriptionTopic';

export type Made = Subscription & { id: string };

/** Everybody, where FHIR_AUTH=off. */
export function anyone(test: () => TestHouse): Caller {
  const at = (path: string): string => `/fhir/R4/${path}`;
  return {
    get: (path) => request(test().app).get(at(path)),
    send: (method, path, body, type = 'application/fhir+json') => {
      const asked = request(test().app)[method](at(path));
      return asked.set('Content-Type', type).send(JSON.stringify(body));
    },
    delete: (path) => request(test().app).delete(at(path)),
  };
}

/** Creates a Subscription and waits for the handshake's outcome. */
export async function subscribe(caller: Caller, resource: object): Promise<Made> {
  const wanted = { resourceType: 'Subscription', reason: 'test', status: 'active', ...resource };
  const made = await caller.send('post', 'Subscription', wanted);
  expect(made.body).toMatchObject({ resourceType: 'Subscription', status: 'requested' });
  return settled(caller, (made.body as Made).id);
}

export async function settled(caller: Caller, id: string): Promise<Made> {
  let found = {} as Made;
  await until(async () => {
    found = (await caller.get(`Subscription/${id}`)).body as Made;
    return found.status !== 'requested';
  });
  return found;
}

export async function create(caller: Caller, resource: object): Promise<string> {
  const made = await caller.send('post', (resource as Resource).resourceType, resource);
  expect(made.status).toBe(201);
  return (made.body as { id: string }).id;
}

/** Endpoints that are closed together. */
export function endpoints(): { open(answer?: (count: number) => Answer): Promise<Endpoint>; close(): void } {
  const opened: Endpoint[] = [];
  return {
    open: async (answer) => {
      const made = await new Endpoint(answer).open();
      opened.push(made);
      return made;
    },
    close: () => opened.forEach((each) => each.close()),
  };
}

/** A Subscription of a topic, in the Backport's form. */
export function topicBased(
  topic: string,
  url: string,
  options: {
    content?: string;
    filters?: string[];
    maxCount?: number;
    type?: string;
    heartbeat?: number;
  } = {},
) {
  const { content = 'id-only', filters = [], maxCount, type = 'rest-hook', heartbeat } = options;
  return {
    meta: { profile: [`${IG}/backport-subscription`] },
    criteria: topic,
    ...(filters.length > 0 && {
      _criteria: {
        extension: filters.map((valueString) => ({ url: `${IG}/backport-filter-criteria`, valueString })),
      },
    }),
    channel: {
      type,
      ...(type === 'rest-hook' && { endpoint: url }),
      payload: 'application/fhir+json',
      _payload: { extension: [{ url: `${IG}/backport-payload-content`, valueCode: content }] },
      extension: [
        ...(maxCount === undefined ? [] : [{ url: `${IG}/backport-max-count`, valuePositiveInt: maxCount }]),
        ...(heartbeat === undefined
          ? []
          : [{ url: `${IG}/backport-heartbeat-period`, valueUnsignedInt: heartbeat }]),
        ...(maxCount === undefined && heartbeat === undefined
          ? [{ url: `${IG}/backport-timeout`, valueUnsignedInt: 5 }]
          : []),
      ],
    },
  };
}

/** The bundles that an endpoint received, each held against the Backport's profile. */
export function bundles({ received }: Endpoint): Bundle[] {
  return received.map(({ body }) => {
    const bundle = JSON.parse(body) as Bundle;
    const issues = validateResource(bundle, { profiles: [`${IG}/backport-subscription-notification-r4`] });
    expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
    return bundle;
  });
}

/** What a notification says of its subscription, by the names of the parameters. */
export function statusOf(bundle: Bundle | undefined): Record<string, unknown> {
  const { parameter = [] } = (bundle?.entry?.[0]?.resource ?? { parameter: [] }) as Parameters;
  return Object.fromEntries(
    parameter.map(({ name, part, ...value }) => [name, part ?? Object.values(value)[0]]),
  );
}

export const typesOf = (endpoint: Endpoint): unknown[] =>
  bundles(endpoint).map((bundle) => statusOf(bundle)['type']);
