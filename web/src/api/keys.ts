import { queryOptions } from '@tanstack/react-query';
import { request } from './client';
import type { Range } from './range';

export const PLANS = ['Free', 'Pro', 'Enterprise'] as const;
export type Plan = (typeof PLANS)[number];
export const KEY_SCOPES = ['referrals:read', 'referrals:write', 'providers:read'] as const;

export interface ApiKey {
  id: string;
  practice: string;
  practiceId: string;
  plan: Plan;
  scopes: string[];
  status: 'active' | 'expired' | 'revoked';
  createdAt: string;
  expiresAt: string | null;
  revokedAt: string | null;
  lastUsedAt: string | null;
  replacedBy: string | null;
}

/** The one answer that shows the key itself. */
export interface NewApiKey {
  id: string;
  apiKey: string;
  practice: string;
  plan: Plan;
  scopes: string[];
}

export interface KeyUse {
  /** First hour of the range. */
  from: string;
  /** What the plan allows. */
  perMinute: number;
  /** On the Free plan: the practice's calendar month. */
  month: { limit: number; used: number; resetsAt: string } | null;
  hours: { at: string; requests: number; refused: number; busiestMinute: number }[];
}

/** Everything that changes when a key is made, rotated or revoked. */
export const KEYS = ['keys'] as const;

export const keysQuery = queryOptions({
  queryKey: [...KEYS, 'list'],
  queryFn: async ({ signal }) => (await request<{ data: ApiKey[] }>('/portal/keys', { signal })).data,
});

export const keyQuery = (id: string) =>
  queryOptions({
    queryKey: [...KEYS, id],
    queryFn: ({ signal }) => request<ApiKey>(`/portal/keys/${id}`, { signal }),
  });

export const keyUseQuery = (id: string, range: Range) =>
  queryOptions({
    queryKey: [...KEYS, id, 'use', range],
    queryFn: ({ signal }) => request<KeyUse>(`/portal/keys/${id}/use?range=${range}`, { signal }),
    refetchInterval: 15_000,
  });

/** How near the busiest key of the last 24 hours came to what its plan allows. */
export interface Nearest {
  id: string;
  /** A minute, or on the Free plan the practice's calendar month. */
  of: 'minute' | 'month';
  used: number;
  limit: number;
}

/** Null when no key was used. */
export const nearestQuery = queryOptions({
  queryKey: [...KEYS, 'nearest'],
  queryFn: async ({ signal }) =>
    (await request<{ nearest: Nearest | null }>('/portal/keys/nearest', { signal })).nearest,
  refetchInterval: 60_000,
});

export function createKey(body: {
  practice?: string;
  plan: Plan;
  scopes: string[];
  expiresAt?: string;
}): Promise<NewApiKey> {
  return request('/portal/keys', { method: 'POST', body });
}

export function rotateKey(id: string, overlapHours: number): Promise<NewApiKey> {
  return request(`/portal/keys/${id}/rotate`, { method: 'POST', body: { overlapHours } });
}

export function revokeKey(id: string): Promise<ApiKey> {
  return request(`/portal/keys/${id}/revoke`, { method: 'POST' });
}
