import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { queryString, request } from './client';
import type { Range } from './range';

export const EVENTS = [
  'referral.created',
  'referral.accepted',
  'referral.declined',
  'referral.scheduled',
  'referral.completed',
] as const;

export interface Webhook {
  id: string;
  url: string;
  practice: string;
  practiceId: string;
  events: string[];
  /** Of the FHIR Subscription underneath. */
  status: 'requested' | 'active' | 'error' | 'off';
  /** Why it is in error or off. */
  error: string | null;
  changedAt: string;
  /** Deliveries on their way, and those laid aside after 96 hours of failures. */
  waiting: number;
  dead: number;
  /** Since when every call fails. */
  failingSince: string | null;
  lastAttempt: { at: string; isReceived: boolean } | null;
}

export type DeliveryState = 'pending' | 'delivered' | 'dead' | 'skipped';

export interface Delivery {
  /** Counts from 1 for each webhook, without gaps. */
  number: number;
  eventId: string;
  event: string;
  at: string;
  state: DeliveryState;
  attempts: number;
  nextAt: string | null;
}

export interface Attempt {
  _id: string;
  at: string;
  milliseconds: number;
  /** HTTP status, when there was an answer. */
  status?: number;
  /** First bytes of the answer of a failure. */
  answer?: string;
  /** Why there was no answer. */
  error?: string;
}

export interface DeliveryDetails {
  delivery: Delivery;
  /** The exact text that is posted. */
  body: string;
  attempts: Attempt[];
}

export interface HourOfCalls {
  at: string;
  received: number;
  failed: number;
  meanMs: number;
  longestMs: number;
}

export interface WebhookHealth {
  /** First hour of the range. */
  from: string;
  hours: HourOfCalls[];
}

/** Everything that changes when a webhook is made, switched, tested or replayed. */
export const WEBHOOKS = ['webhooks'] as const;

export const webhooksQuery = queryOptions({
  queryKey: [...WEBHOOKS, 'list'],
  queryFn: async ({ signal }) => (await request<{ data: Webhook[] }>('/portal/webhooks', { signal })).data,
  refetchInterval: 10_000,
});

export const webhookQuery = (id: string) =>
  queryOptions({
    queryKey: [...WEBHOOKS, id],
    queryFn: ({ signal }) => request<Webhook>(`/portal/webhooks/${id}`, { signal }),
    refetchInterval: 5_000,
  });

export const healthQuery = (id: string, range: Range) =>
  queryOptions({
    queryKey: [...WEBHOOKS, id, 'health', range],
    queryFn: ({ signal }) =>
      request<WebhookHealth>(`/portal/webhooks/${id}/health?range=${range}`, { signal }),
    refetchInterval: 5_000,
  });

interface DeliveryPage {
  data: Delivery[];
  more: boolean;
}

export const deliveriesQuery = (id: string, state: DeliveryState | undefined) =>
  infiniteQueryOptions({
    queryKey: [...WEBHOOKS, id, 'deliveries', state ?? 'all'],
    queryFn: ({ signal, pageParam }) =>
      request<DeliveryPage>(`/portal/webhooks/${id}/deliveries${queryString({ state, before: pageParam })}`, {
        signal,
      }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: ({ data, more }) => (more ? data.at(-1)?.number : undefined),
    refetchInterval: 4_000,
  });

/** One delivery; asked again while it waits. */
export const deliveryQuery = (id: string, number: string) =>
  queryOptions({
    queryKey: [...WEBHOOKS, id, 'deliveries', 'one', number],
    queryFn: ({ signal }) =>
      request<DeliveryDetails>(`/portal/webhooks/${id}/deliveries/${number}`, { signal }),
    refetchInterval: ({ state: { data } }) => (data?.delivery.state === 'pending' ? 4_000 : false),
  });

/** The one answer that shows the secret. */
export interface ShownSecret {
  id: string;
  secret: string;
}

export function createWebhook(body: {
  url: string;
  events: string[];
  practice?: string;
}): Promise<ShownSecret> {
  return request('/portal/webhooks', { method: 'POST', body });
}

export function rotateSecret(id: string, overlapHours: number): Promise<ShownSecret> {
  return request(`/portal/webhooks/${id}/rotate`, { method: 'POST', body: { overlapHours } });
}

export function switchWebhook(id: string, to: 'on' | 'off'): Promise<void> {
  return request(`/portal/webhooks/${id}/switch`, { method: 'POST', body: { to } });
}

export function testWebhook(id: string): Promise<void> {
  return request(`/portal/webhooks/${id}/test`, { method: 'POST' });
}

/** Delivers these again, or everything that failed and is not delivered yet. */
export function replay(id: string, numbers: readonly number[] | 'failed'): Promise<{ replayed: number }> {
  const body = numbers === 'failed' ? {} : { numbers };
  return request(`/portal/webhooks/${id}/replay`, { method: 'POST', body });
}
