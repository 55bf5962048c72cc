import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { queryString, request } from './client';
import { PAGE_SIZE, type Paged } from './paged';

export interface ListedPrescription {
  id: string;
  rxNumber: string | null;
  medication: string | null;
  patient: string | null;
  provider: string | null;
  status: 'active' | 'expired' | 'cancelled';
  refillsRemaining: number;
  writtenDate: string | null;
  lastFilled: string | null;
}

export const PRESCRIPTIONS = ['prescriptions'] as const;

export const prescriptionsQuery = (query: { status: string; page: number }) =>
  queryOptions({
    queryKey: [...PRESCRIPTIONS, 'list', query],
    queryFn: async ({ signal }): Promise<Paged<ListedPrescription>> => {
      const path = `/v1/prescriptions${queryString({ ...query, limit: PAGE_SIZE })}`;
      const { prescriptions, total, page } = await request<{
        prescriptions: ListedPrescription[];
        total: number;
        page: number;
      }>(path, { signal });
      return { rows: prescriptions, total, page };
    },
    placeholderData: keepPreviousData,
  });

export interface Refill {
  refillId: string;
  status: 'pending_approval' | 'approved';
  approvalReason: string | null;
  refillsRemaining: number;
}

export function requestRefill(
  prescriptionId: string,
  body: { requestedBy?: string; notes?: string; earlyRefillReason?: string },
): Promise<Refill> {
  return request(`/v1/prescriptions/${prescriptionId}/refill`, { method: 'POST', body });
}
