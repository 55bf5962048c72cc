import { referencedId } from '../fhir';
import type { Medication, MedicationRequest, Patient, Practitioner } from '@medplum/fhirtypes';
import { NOT_ORDERED } from '../chart';
import { allOf, anyOf, type Match, negate, parseSearch, type SearchRequest } from '../search';
import { lookUpMany, type Store, type Viewer } from '../store';
import { readFills, refillsLeft } from './fills';
import { containedMedication, prescriptionListMapping } from './mapping';
import { fhirStatuses, type PrescriptionStatus } from './status';

/** What a list shows. Ids are FHIR ids. Dermifi, "List prescriptions with filters". */
export interface PrescriptionQuery {
  patientId?: string | undefined;
  providerId?: string | undefined;
  status?: PrescriptionStatus | undefined;
  /** True adds the expired ones to `status`, false leaves them out of everything; undefined leaves `status` as it is. */
  includeExpired?: boolean | undefined;
  /** From 1. */
  page: number;
  limit: number;
}

export interface PrescriptionList {
  rows: Record<string, unknown>[];
  /** Of all matches. */
  total: number;
  resources: string[];
  patients: string[];
}

/** Prescriptions by the date they were written, the newest first. */
export async function listPrescriptions(
  store: Store,
  viewer: Viewer,
  query: PrescriptionQuery,
  now: Date,
): Promise<PrescriptionList> {
  const page = await store.search(viewer, requestOf(query, now));
  const prescriptions = page.matches.map(({ id, resource }) => ({ id, mr: resource as MedicationRequest }));
  const rows = await listedRows(store, viewer, prescriptions, now);
  return {
    rows,
    total: page.total ?? rows.length,
    resources: prescriptions.map(({ id }) => `MedicationRequest/${id}`),
    patients: [...new Set(prescriptions.flatMap(({ mr }) => referencedId(mr.subject, 'Patient') ?? []))],
  };
}

/** Rows of a list: two queries for what was given of them, one a type for who and what they name. */
export async function listedRows(
  store: Store,
  viewer: Viewer,
  prescriptions: readonly { id: string; mr: MedicationRequest }[],
  now: Date,
): Promise<Record<string, unknown>[]> {
  const fills = await readFills(
    store,
    viewer,
    prescriptions.map(({ id }) => id),
  );
  const related = await readRelated(
    store,
    viewer,
    prescriptions.map(({ mr }) => mr),
  );
  return prescriptions.map(({ id, mr }) => {
    const { lastFilled, approved } = fills(id);
    const context = { now, lastFilled, refillsRemaining: refillsLeft(mr, { approved }) };
    return prescriptionListMapping.read({ mr, ...related(mr) }, 'list', context);
  });
}

function requestOf(
  { patientId, providerId, status, includeExpired, page, limit }: PrescriptionQuery,
  now: Date,
): SearchRequest {
  const query = new URLSearchParams({
    // Said by what is left out, as the active ones are: then the index of the list itself leads, in its order.
    'intent:not': NOT_ORDERED.join(','),
    _sort: '-authoredon',
    _count: String(limit),
    _total: 'accurate',
  });
  if (patientId !== undefined) query.set('subject', `Patient/${patientId}`);
  if (providerId !== undefined) query.set('requester', `Practitioner/${providerId}`);
  const request = parseSearch('MedicationRequest', query.toString());
  const wanted = statusMatch(status, includeExpired, now);
  const targets = request.targets.map(({ type, match }) => ({ type, match: allOf([match, ...wanted]) }));
  return { ...request, targets, offset: (page - 1) * limit };
}

/** An active prescription expires without a write: its status is the end of its validity too (mapping, "Status"). */
function statusMatch(
  status: PrescriptionStatus | undefined,
  includeExpired: boolean | undefined,
  now: Date,
): Match[] {
  const lapsed = matchOf(`expiration=lt${now.toISOString()}`);
  const inStatus = (one: PrescriptionStatus): Match => matchOf(`status=${fhirStatuses(one).join(',')}`);
  const expired = anyOf([inStatus('expired'), allOf([inStatus('active'), lapsed])]);
  const of: Readonly<Record<PrescriptionStatus, Match>> = {
    active: allOf([negate(anyOf([inStatus('expired'), inStatus('cancelled')])), negate(lapsed)]),
    expired,
    cancelled: inStatus('cancelled'),
  };
  const wanted = status === undefined ? [] : [of[status]];
  if (includeExpired === false) return [...wanted, negate(expired)];
  return includeExpired === true && status !== undefined ? [anyOf([of[status], expired])] : wanted;
}

function matchOf(query: string): Match {
  return allOf(parseSearch('MedicationRequest', query).targets.map(({ match }) => match));
}

interface Related {
  medication?: Medication;
  patient?: Patient;
  practitioner?: Practitioner;
}

/** Patients, prescribers and Medications of a page, one query a type. */
async function readRelated(
  store: Store,
  viewer: Viewer,
  prescriptions: readonly MedicationRequest[],
): Promise<(mr: MedicationRequest) => Related> {
  const wanted = prescriptions.flatMap((mr) => [
    ['Patient', referencedId(mr.subject, 'Patient')] as const,
    ['Practitioner', referencedId(mr.requester, 'Practitioner')] as const,
    ['Medication', referencedId(mr.medicationReference, 'Medication')] as const,
  ]);
  const get = await lookUpMany(store, viewer, wanted);
  return (mr) => {
    const medication =
      containedMedication(mr) ??
      get<Medication>('Medication', referencedId(mr.medicationReference, 'Medication'));
    const patient = get<Patient>('Patient', referencedId(mr.subject, 'Patient'));
    const practitioner = get<Practitioner>('Practitioner', referencedId(mr.requester, 'Practitioner'));
    return {
      ...(medication && { medication }),
      ...(patient && { patient }),
      ...(practitioner && { practitioner }),
    };
  };
}
