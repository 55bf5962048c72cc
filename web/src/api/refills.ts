import { queryOptions } from '@tanstack/react-query';
import { request } from './client';
import type { Named } from './paged';

export interface PendingRefill {
  id: string;
  patient: Named | null;
  medication: string | null;
  requestedAt: string | null;
  priority: 'routine' | 'urgent' | 'stat';
  reason: string | null;
  lastFilled: string | null;
  refillsRemaining: number;
}

export interface PendingRefills {
  refills: PendingRefill[];
  total: number;
  urgentCount: number;
}

export const REFILLS = ['refills'] as const;

export const pendingRefillsQuery = queryOptions({
  queryKey: [...REFILLS, 'pending'],
  queryFn: ({ signal }) => request<PendingRefills>('/v1/refills/pending', { signal }),
  refetchInterval: 30_000,
});

export function approveRefill(
  id: string,
  body: { quantity?: number; notes?: string; sendToPharmacy: boolean },
): Promise<{ status: string; sentToPharmacy: boolean }> {
  return request(`/v1/refills/${id}/approve`, { method: 'PUT', body });
}

export function denyRefill(
  id: string,
  body: { reason: string; explanation?: string; alternativeAction?: string },
): Promise<{ status: string }> {
  return request(`/v1/refills/${id}/deny`, { method: 'POST', body });
}
