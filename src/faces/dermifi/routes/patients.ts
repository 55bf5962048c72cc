import {
  createPatient,
  deactivatePatient,
  listPatients,
  type PatientInput,
  type PatientListRequest,
  showPatient,
  updatePatient,
  type Writing,
} from '../../../chart';
import { exactly, listOf, object, orNull, type QueryParameters, type Schema, text } from '../../../contract';
import { type Exchange, type Reply, touched, writeContext } from '../../../http';
import { actorOf, queryOf } from '../actor';
import type { DermifiEndpoint } from '../endpoint';
import { pathId } from '../ids';
import { offsetOf, type Page, PAGE_QUERY, PAGINATION, paginationOf } from '../pages';
import { includedViews, INCLUDED, type Inclusion } from '../include';
import { bodyReader, queryReader } from '../requests';
import {
  DEACTIVATED,
  LISTED_PATIENT,
  NEW_PATIENT,
  PATIENT,
  CREATED_PATIENT,
  PATIENT_UPDATE,
  UPDATED_PATIENT,
} from '../patient-schemas';
import type { DermifiServices } from '../services';

const LIST_QUERY = {
  ...PAGE_QUERY,
  search: {
    description:
      "Search by name, email, or phone: beginnings of name words, of the e-mail or of the phone's digits.",
    kind: 'text',
  },
  status: { description: 'Filter by status.', kind: 'choice', values: ['active', 'inactive', 'pending'] },
  sortBy: {
    description: 'Sort field.',
    kind: 'choice',
    values: ['lastName', 'firstName', 'createdAt'],
    default: 'createdAt',
  },
  order: { description: 'Sort order.', kind: 'choice', values: ['asc', 'desc'], default: 'desc' },
} as const satisfies QueryParameters;

const DETAIL_QUERY = {
  include: { description: 'What else to show.', kind: 'list', values: INCLUDED },
} as const satisfies QueryParameters;

const DEACTIVATION: Schema = object({
  reason: orNull(text(200, 'Why.', 'patient_request')),
  notes: orNull(text(5000, 'More about it.', 'Patient moved to another state')),
});

const noQuery = queryReader({});
const readList = queryReader<Page & Omit<PatientListRequest, 'offset'>>(LIST_QUERY);
const readDetail = queryReader<{ include?: Inclusion[] }>(DETAIL_QUERY);
const readNew = bodyReader<PatientInput>(NEW_PATIENT);
const readUpdate = bodyReader<PatientInput>(PATIENT_UPDATE);
const readDeactivation = bodyReader<{ reason?: string | null; notes?: string | null }>(DEACTIVATION, {
  optional: true,
});

/** Dermifi, "Patients API": list, create, read, update, deactivate. */
export function patientEndpoints(services: DermifiServices): DermifiEndpoint[] {
  const { store } = services;
  const shared = { tag: 'Patients', path: '/patients/:id' } as const;
  return [
    {
      ...shared,
      method: 'get',
      path: '/patients',
      summary: 'List all patients with pagination and filtering.',
      interaction: 'search',
      action: 'E',
      right: 'read',
      query: LIST_QUERY,
      status: 200,
      answer: {
        name: 'PatientList',
        schema: exactly({ data: listOf(LISTED_PATIENT), pagination: PAGINATION }),
      },
      handle: (x) => list(services, x),
    },
    {
      ...shared,
      method: 'post',
      path: '/patients',
      summary: 'Create a new patient.',
      interaction: 'create',
      action: 'C',
      right: 'write',
      body: { name: 'NewPatient', schema: NEW_PATIENT },
      status: 201,
      answer: { name: 'CreatedPatient', schema: CREATED_PATIENT },
      async handle(x) {
        noQuery(x);
        const { view } = await createPatient(store, readNew(x), writingOf(x));
        return { status: 201, headers: { Location: `/v1/patients/${String(view['id'])}` }, body: view };
      },
    },
    {
      ...shared,
      method: 'get',
      summary: 'Get specific patient details.',
      interaction: 'read',
      action: 'R',
      right: 'read',
      query: DETAIL_QUERY,
      status: 200,
      answer: { name: 'Patient', schema: PATIENT },
      handle: (x) => read(services, x),
    },
    {
      ...shared,
      method: 'put',
      summary:
        'Update patient information: absent fields stay, null clears, objects and lists are replaced whole.',
      interaction: 'update',
      action: 'U',
      right: 'write',
      body: { name: 'PatientUpdate', schema: PATIENT_UPDATE },
      status: 200,
      answer: { name: 'UpdatedPatient', schema: UPDATED_PATIENT },
      async handle(x) {
        const id = patientId(x);
        noQuery(x);
        const { view } = await updatePatient(store, id, readUpdate(x), writingOf(x));
        return { status: 200, body: view };
      },
    },
    {
      ...shared,
      method: 'delete',
      summary: 'Soft delete patient (mark as inactive).',
      interaction: 'delete',
      action: 'D',
      right: 'write',
      body: { name: 'Deactivation', schema: DEACTIVATION, optional: true },
      status: 200,
      answer: { name: 'Deactivated', schema: DEACTIVATED },
      async handle(x) {
        const id = patientId(x);
        noQuery(x);
        const { view } = await deactivatePatient(store, id, readDeactivation(x), writingOf(x));
        return { status: 200, body: view };
      },
    },
  ];
}

/** The id in the path; failed requests keep it in their audit entry. */
export function patientId(x: Exchange): string {
  const id = pathId(x, 'pat');
  x.audit = { ...x.audit, resources: [`Patient/${id}`], patients: [id] };
  return id;
}

/** How a change by this request is signed. */
export function writingOf(x: Exchange): Writing {
  const contextOf = (id: string) =>
    writeContext(x, (committed) => ({ ...touched(committed), patients: [id] }));
  return { viewer: x.principal.viewer, by: actorOf(x), at: x.at, contextOf };
}

async function list({ store }: DermifiServices, x: Exchange): Promise<Reply> {
  const { page, ...request } = readList(x);
  const asked = { page, limit: request.limit };
  const found = await listPatients(store, x.principal.viewer, { ...request, offset: offsetOf(asked) }, x.at);
  const resources = found.ids.map((id) => `Patient/${id}`);
  x.audit = { ...x.audit, query: queryOf(x), resources, patients: found.ids };
  return { status: 200, body: { data: found.patients, pagination: paginationOf(asked, found.total) } };
}

async function read(services: DermifiServices, x: Exchange): Promise<Reply> {
  const id = patientId(x);
  const { include = [] } = readDetail(x);
  const [{ view, resources }, included] = await Promise.all([
    showPatient(services.store, x.principal.viewer, id, x.at),
    includedViews(services, x, id, include),
  ]);
  x.audit = { ...x.audit, query: queryOf(x), resources };
  return { status: 200, body: { ...view, ...included } };
}
