import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { queryString, request } from './client';
import { PAGE_SIZE, type Paged } from './paged';

export const PRESCRIPTION_STATUSES = ['active', 'expired', 'cancelled'] as const;

export interface ListedPrescription {
  id: string;
  rxNumber: string | null;
  medication: string | null;
  patient: string | null;
  provider: string | null;
  status: (typeof PRESCRIPTION_STATUSES)[number];
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

/** A prescription as it was written. */
export interface WrittenPrescription {
  id: string;
  rxNumber: string | null;
  patientId: string | null;
  providerId: string | null;
  medication: {
    name: string | null;
    genericName: string | null;
    strength: string | null;
    form: string | null;
    ndcCode: string | null;
    manufacturer: string | null;
  } | null;
  sig: string | null;
  quantity: number | null;
  quantityUnit: string | null;
  refills: number | null;
  daysSupply: number | null;
  substitutionAllowed: boolean | null;
  indication: string | null;
  icd10Code: string | null;
  notes: string | null;
  status: ListedPrescription['status'];
  writtenDate: string | null;
  expirationDate: string | null;
  deaSchedule: string | null;
  eSigned: boolean;
  eSignedAt: string | null;
}

/** A prescription on its way to a pharmacy. */
export interface Transmission {
  transmissionId: string;
  sentTo: { id: string | null; name: string | null; ncpdpId: string | null; address: string | null } | null;
  sentAt: string;
  method: string | null;
  status: 'transmitted' | 'failed';
  confirmationNumber: string | null;
  estimatedReadyTime: string | null;
  pharmacyAcknowledged: boolean;
  pharmacyAcknowledgedAt: string | null;
}

export interface PrescriptionDetail {
  listed: ListedPrescription;
  written: WrittenPrescription;
  /** The newest first. */
  transmissions: Transmission[];
}

export const prescriptionQuery = (id: string) =>
  queryOptions({
    queryKey: [...PRESCRIPTIONS, id],
    queryFn: ({ signal }) => request<PrescriptionDetail>(`/portal/prescriptions/${id}`, { signal }),
  });

/** Dermifi, "Create new prescription". */
export interface NewPrescription {
  patientId: string;
  providerId: string;
  medication: { name: string; strength?: string; form?: string; ndcCode?: string };
  sig: string;
  quantity: number;
  quantityUnit?: string;
  refills: number;
  daysSupply?: number;
  substitutionAllowed: boolean;
  indication?: string;
  icd10Code?: string;
  notes?: string;
}

export function createPrescription(body: NewPrescription): Promise<WrittenPrescription> {
  return request('/v1/prescriptions', { method: 'POST', body });
}

/** Dermifi, "Send prescription to pharmacy". */
export interface SendRequest {
  pharmacyId: string;
  method?: string;
  priority?: string;
  patientNotes?: string;
  pharmacyNotes?: string;
}

export function sendPrescription(id: string, body: SendRequest): Promise<Transmission> {
  return request(`/v1/prescriptions/${id}/send`, { method: 'POST', body });
}

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
