import type { QueryParameters } from '../../../contract';
import type { Exchange, Reply } from '../../../http';
import {
  type DosageChange,
  type NewPrescription,
  PRESCRIPTION_STATUSES,
  type PrescriptionStatus,
  type RefillRequest,
  type SendRequest,
} from '../../../prescriptions';
import { queryOf } from '../actor';
import type { DermifiEndpoint } from '../endpoint';
import { fhirId } from '../ids';
import { type Page, PAGE_QUERY } from '../pages';
import { audited, bodyId, prescriberOf, subjectId } from '../prescribing';
import {
  DOSAGE_CHANGE,
  DOSAGE_CHANGED,
  NEW_PRESCRIPTION,
  PRESCRIPTION,
  PRESCRIPTION_LIST,
  REFILL,
  REFILL_REQUEST,
  SEND_REQUEST,
  TRANSMISSION,
} from '../prescription-schemas';
import { bodyReader, queryReader } from '../requests';
import type { DermifiServices } from '../services';
import { NONE } from './orders';

const LIST_QUERY = {
  ...PAGE_QUERY,
  patientId: { description: 'Filter by patient.', kind: 'text' },
  providerId: { description: 'Filter by provider.', kind: 'text' },
  status: { description: 'Prescription status.', kind: 'choice', values: PRESCRIPTION_STATUSES },
  includeExpired: {
    description: 'true adds the expired ones to what `status` selects, false leaves them out.',
    kind: 'boolean',
  },
} as const satisfies QueryParameters;

interface ListQuery extends Page {
  patientId?: string;
  providerId?: string;
  status?: PrescriptionStatus;
  includeExpired?: boolean;
}

const noQuery = queryReader({});
const readList = queryReader<ListQuery>(LIST_QUERY);
const readNew = bodyReader<NewPrescription>(NEW_PRESCRIPTION);
const readSend = bodyReader<SendRequest>(SEND_REQUEST);
const readRefill = bodyReader<RefillRequest>(REFILL_REQUEST, { optional: true });
const readDosage = bodyReader<DosageChange>(DOSAGE_CHANGE);

/** Dermifi, "Prescriptions API". */
export function prescriptionEndpoints(services: DermifiServices): DermifiEndpoint[] {
  const { prescriptions } = services;
  const tag = 'Prescriptions';
  return [
    {
      tag,
      method: 'post',
      path: '/prescriptions',
      summary: 'Create new prescription.',
      interaction: 'create',
      action: 'C',
      right: 'prescribe',
      body: { name: 'NewPrescription', schema: NEW_PRESCRIPTION },
      status: 201,
      answer: { name: 'Prescription', schema: PRESCRIPTION },
      async handle(x) {
        noQuery(x);
        const body = readNew(x);
        const ids = { patientId: bodyId('pat', body.patientId), providerId: bodyId('prov', body.providerId) };
        return {
          status: 201,
          body: audited(x, await prescriptions.create(prescriberOf(x), { ...body, ...ids })),
        };
      },
    },
    {
      tag,
      method: 'post',
      path: '/prescriptions/:id/send',
      summary: 'Send prescription to pharmacy.',
      interaction: 'update',
      action: 'U',
      right: 'prescribe',
      body: { name: 'SendRequest', schema: SEND_REQUEST },
      status: 200,
      answer: { name: 'Transmission', schema: TRANSMISSION },
      async handle(x) {
        const id = prescriptionId(x);
        noQuery(x);
        const body = readSend(x);
        const input = { ...body, pharmacyId: bodyId('pharm', body.pharmacyId) };
        return { status: 200, body: audited(x, await prescriptions.send(prescriberOf(x), id, input)) };
      },
    },
    {
      tag,
      method: 'get',
      path: '/prescriptions',
      summary: 'List prescriptions with filters, the newest first.',
      interaction: 'search',
      action: 'E',
      right: 'read',
      query: LIST_QUERY,
      status: 200,
      answer: { name: 'PrescriptionList', schema: PRESCRIPTION_LIST },
      handle: (x) => list(services, x),
    },
    {
      tag,
      method: 'post',
      path: '/prescriptions/:id/refill',
      summary: 'Process refill request; one that is not early is approved at once.',
      interaction: 'create',
      action: 'C',
      right: 'write',
      body: { name: 'RefillRequest', schema: REFILL_REQUEST, optional: true },
      status: 201,
      answer: { name: 'Refill', schema: REFILL },
      async handle(x) {
        const id = prescriptionId(x);
        noQuery(x);
        const body = readRefill(x);
        const pharmacy =
          typeof body.pharmacyId === 'string' ? { pharmacyId: bodyId('pharm', body.pharmacyId) } : {};
        return {
          status: 201,
          body: audited(x, await prescriptions.requestRefill(prescriberOf(x), id, { ...body, ...pharmacy })),
        };
      },
    },
    {
      tag,
      method: 'put',
      path: '/prescriptions/:id/dosage',
      summary: 'Update prescription dosage.',
      interaction: 'update',
      action: 'U',
      right: 'prescribe',
      body: { name: 'DosageChange', schema: DOSAGE_CHANGE },
      status: 200,
      answer: { name: 'DosageChanged', schema: DOSAGE_CHANGED },
      async handle(x) {
        const id = prescriptionId(x);
        noQuery(x);
        return {
          status: 200,
          body: audited(x, await prescriptions.changeDosage(prescriberOf(x), id, readDosage(x))),
        };
      },
    },
  ];
}

function prescriptionId(x: Exchange): string {
  return subjectId(x, 'rx', 'MedicationRequest');
}

async function list({ prescriptions }: DermifiServices, x: Exchange): Promise<Reply> {
  const { patientId, providerId, ...query } = readList(x);
  const ids = {
    patientId: patientId && fhirId('pat', patientId),
    providerId: providerId && fhirId('prov', providerId),
  };
  const isImpossible =
    (patientId !== undefined && !ids.patientId) || (providerId !== undefined && !ids.providerId);
  const found = isImpossible ? NONE : await prescriptions.list(x.principal.viewer, { ...query, ...ids });
  x.audit = { ...x.audit, query: queryOf(x), resources: found.resources, patients: found.patients };
  return { status: 200, body: { prescriptions: found.rows, total: found.total, page: query.page } };
}
