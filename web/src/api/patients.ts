import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { queryString, request } from './client';
import { type Named, PAGE_SIZE, type Paged } from './paged';
import type { ListedPrescription } from './prescriptions';

export interface Address {
  street: string | null;
  city: string | null;
  state: string | null;
  zipCode: string | null;
}

export interface Insurance {
  provider: string | null;
  memberId: string | null;
  groupNumber: string | null;
}

export type PatientStatus = 'active' | 'inactive' | 'pending';

export interface ListedPatient {
  id: string;
  firstName: string | null;
  lastName: string | null;
  email: string | null;
  phone: string | null;
  dateOfBirth: string | null;
  gender: string | null;
  address: Address | null;
  insurance: Insurance | null;
  status: PatientStatus;
  createdAt: string;
  updatedAt: string;
}

export interface PatientAppointment {
  id: string;
  /** `YYYY-MM-DD` and `HH:MM` at the place of the appointment. */
  date: string;
  time: string;
  /** Minutes. */
  duration: number;
  type: string | null;
  status: string;
}

export interface Note {
  id: string;
  type: string | null;
  content: Readonly<Record<string, string | null>> | null;
  icd10Codes: string[];
  cptCodes: string[];
  createdAt: string;
  createdBy: Named;
  signedAt: string | null;
  locked: boolean;
}

export interface Patient extends Omit<ListedPatient, 'insurance'> {
  age: number | null;
  emergencyContact: { name: string | null; relationship: string | null; phone: string | null } | null;
  insurance:
    (Insurance & { copay: number | null; verified: boolean | null; verifiedAt: string | null }) | null;
  allergies: string[];
  medications: string[];
  conditions: string[];
  lastVisit: string | null;
  nextAppointment: string | null;
  provider: Named | null;
  appointments: PatientAppointment[];
  prescriptions: ListedPrescription[];
  notes: Note[];
}

export interface HistoryEntry {
  id: string;
  date: string | null;
  type: 'visit' | 'prescription' | 'lab' | 'imaging';
  provider: Named | null;
  /** Of visits. */
  chiefComplaint?: string | null;
  diagnosis?: string[];
  treatment?: string | null;
  notes?: string | null;
  followUp?: string | null;
  pathology?: { result: string | null; reportDate: string | null } | null;
  /** Of all others. */
  name?: string | null;
  result?: string | null;
}

/** Everything of patients. */
export const PATIENTS = ['patients'] as const;

export interface PatientListQuery {
  search: string;
  status: string;
  sortBy: string;
  order: string;
  page: number;
}

interface PatientList {
  data: ListedPatient[];
  pagination: { page: number; total: number };
}

export const patientsQuery = (query: PatientListQuery) =>
  queryOptions({
    queryKey: [...PATIENTS, 'list', query],
    queryFn: async ({ signal }): Promise<Paged<ListedPatient>> => {
      const path = `/v1/patients${queryString({ ...query, limit: PAGE_SIZE })}`;
      const { data, pagination } = await request<PatientList>(path, { signal });
      return { rows: data, page: pagination.page, total: pagination.total };
    },
    placeholderData: keepPreviousData,
  });

export const patientQuery = (id: string) =>
  queryOptions({
    queryKey: [...PATIENTS, id, 'chart'],
    queryFn: ({ signal }) =>
      request<Patient>(`/v1/patients/${id}?include=appointments,prescriptions,notes`, { signal }),
  });

export const patientHistoryQuery = (id: string, type: string) =>
  queryOptions({
    queryKey: [...PATIENTS, id, 'history', type],
    queryFn: async ({ signal }) =>
      (await request<{ history: HistoryEntry[] }>(`/v1/patients/${id}/history?type=${type}`, { signal }))
        .history,
  });

/** Fields of a patient that are written; objects and lists are replaced whole, null clears. */
export interface PatientFields {
  firstName: string;
  lastName: string;
  dateOfBirth: string;
  gender: string | null;
  email: string | null;
  phone: string | null;
  address: Address | null;
  emergencyContact: Patient['emergencyContact'];
  insurance: (Insurance & { copay: number | null }) | null;
  allergies: string[];
  medications: string[];
  conditions: string[];
}

/** Dermifi, "Create a new patient": without both consents no record is opened. */
export function createPatient(
  body: PatientFields & { consentToTreat: boolean; hipaaConsent: boolean },
): Promise<{ id: string }> {
  return request('/v1/patients', { method: 'POST', body });
}

/** Absent fields stay. */
export function updatePatient(
  id: string,
  body: Partial<PatientFields & { status: PatientStatus }>,
): Promise<unknown> {
  return request(`/v1/patients/${id}`, { method: 'PUT', body });
}

export interface NewNote {
  type: string;
  content: Record<string, string>;
  confidential: boolean;
}

export function createNote(patientId: string, body: NewNote): Promise<Note> {
  return request(`/v1/patients/${patientId}/notes`, { method: 'POST', body });
}
