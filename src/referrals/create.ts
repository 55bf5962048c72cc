import type {
  Coverage,
  Extension,
  Patient,
  Reference,
  Resource,
  ServiceRequest,
  Task,
} from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { ProblemError } from '../fhir';
import type { Change, StoreTransaction, Viewer } from '../store';
import { inBusiness } from './business-status';
import { type ClientFacts, findClient, findCoverage, type FoundClient, isSpelledAs } from './client';
import {
  type ClientFact,
  FACTS_SENT,
  NAME_AS_SENT,
  referralMapping,
  type ReferralResources,
} from './mapping';
import { inStep } from './status';

/** Body of `POST /referrals`. HandoffRx, "Create a new referral"; null is as good as absent. */
export interface NewReferral extends ClientFacts {
  client_insurance?: string | null;
  sent_to_practice: string;
  service_needed: string;
  level_of_care: string;
  diagnosis?: string | null;
  risk_level?: string | null;
  is_urgent?: boolean | null;
  clinical_justification: string;
}

/** A practice of the directory. */
export interface Party {
  id: string;
  name: string;
}

/** Who works with referrals: a practice, and its view of the record. */
export interface ReferralParty extends Party {
  viewer: Viewer;
}

export interface CreateRequest {
  input: NewReferral;
  sender: Party;
  /** Id of the practice that it is sent to; undefined when none of the directory has the name. */
  receiver: string | undefined;
  viewer: Viewer;
  at: Date;
  /** Id of the referral. */
  id: string;
}

/** A referral worked out: all its resources, with ids and references, and the changes that make it. */
export interface DraftReferral {
  resources: Required<Omit<ReferralResources, 'coverage'>> & Pick<ReferralResources, 'coverage'>;
  /** The ServiceRequest first. */
  changes: Change[];
}

/** Works a referral out, in the transaction that will commit it. */
export async function draftReferral(tx: StoreTransaction, request: CreateRequest): Promise<DraftReferral> {
  const { viewer, input, receiver } = request;
  const client = await findClient(tx, viewer, input);
  const mapped = mapInput(input, client.known);
  const patient = patientOf(mapped.patient, client, request);
  const payor = mapped.coverage?.payor[0]?.display;
  const known =
    client.known === undefined || payor === undefined
      ? undefined
      : await findCoverage(tx, viewer, patient.id, payor);
  const coverage =
    known ?? (mapped.coverage && { ...mapped.coverage, id: randomUUID(), beneficiary: to(patient) });
  const sr = requestOf(mapped.sr, patient, coverage, request);
  const task = taskOf(mapped.task, sr, request);
  const share = receiver === undefined ? {} : { share: [receiver] };
  const changes: Change[] = [sr, task].map((resource) => ({
    kind: 'create',
    resource,
    id: resource.id ?? '',
  }));
  if (client.known === undefined)
    changes.push({ kind: 'create', resource: patient, id: patient.id, ...share });
  else changes.push({ kind: 'put', resource: patient, ...share });
  if (coverage !== undefined && known === undefined) {
    changes.push({ kind: 'create', resource: coverage, id: coverage.id ?? '', ...share });
  }
  return { resources: { sr, task, patient, ...(coverage !== undefined && { coverage }) }, changes };
}

interface Mapped {
  sr: ServiceRequest;
  task: Task;
  patient: Patient;
  coverage?: Coverage;
}

/** A known Patient keeps its name; what it did not have yet is added. */
function mapInput(input: NewReferral, known: Patient | undefined): Mapped {
  const given = Object.entries({ ...input, is_urgent: input.is_urgent ?? false, status: 'pending' });
  const isName = (field: string): boolean => field === 'client_first' || field === 'client_last';
  const values = given.filter(([field, value]) => value !== null && !(known !== undefined && isName(field)));
  const { bound, issues } = referralMapping.write(Object.fromEntries(values), known && { patient: known });
  if (issues.length > 0) {
    throw new ProblemError(
      'invalid',
      issues.map(({ field, expected }) => `${field} must be ${expected}`).join('; '),
    );
  }
  return bound as unknown as Mapped;
}

function patientOf(
  mapped: Patient,
  { known, seeAlso }: FoundClient,
  { sender }: CreateRequest,
): Patient & { id: string } {
  if (known !== undefined) return { ...mapped, id: known.id ?? '' };
  return {
    ...mapped,
    id: randomUUID(),
    managingOrganization: organization(sender),
    ...(seeAlso && { link: [{ other: to(seeAlso), type: 'seealso' }] }),
  };
}

function requestOf(
  mapped: ServiceRequest,
  patient: Patient,
  coverage: Coverage | undefined,
  { id, sender, receiver, at, input }: CreateRequest,
): ServiceRequest {
  const performer: Reference = {
    ...mapped.performer?.[0],
    ...(receiver && { reference: `Organization/${receiver}` }),
  };
  const request: ServiceRequest = {
    ...mapped,
    id,
    status: 'active',
    subject: to(patient),
    authoredOn: at.toISOString(),
    requester: organization(sender),
    performer: [performer as NonNullable<ServiceRequest['performer']>[number]],
    extension: [...(mapped.extension ?? []), ...sentFacts(patient, input)],
    ...(coverage && { insurance: [to(coverage)] }),
  };
  return inStep(request, 'pending');
}

/** Says what of the Patient this referral stated, so that it reads back as it was sent. */
function sentFacts(patient: Patient, input: NewReferral): Extension[] {
  const facts: ClientFact[] = ['name'];
  if (input.client_dob) facts.push('birth-date');
  if (input.client_ahcccs_id) facts.push('ahcccs-id');
  const name = { given: [input.client_first], family: input.client_last };
  return [
    ...facts.map((fact) => ({ url: FACTS_SENT, valueCode: fact })),
    ...(isSpelledAs(patient, input) ? [] : [{ url: NAME_AS_SENT, valueHumanName: name }]),
  ];
}

function taskOf(mapped: Task, sr: ServiceRequest, { sender, at }: CreateRequest): Task {
  const [owner] = sr.performer ?? [];
  const task: Task = {
    ...mapped,
    id: sr.id ?? '',
    focus: to(sr),
    for: sr.subject ?? {},
    authoredOn: at.toISOString(),
    lastModified: at.toISOString(),
    requester: organization(sender),
    ...(owner !== undefined && { owner: owner as NonNullable<Task['owner']> }),
  };
  return inBusiness(task, 'pending');
}

function organization({ id, name }: Party): { reference: `Organization/${string}`; display: string } {
  return { reference: `Organization/${id}`, display: name };
}

function to<T extends Resource>(resource: T): Reference<T> & { reference: string } {
  return { reference: `${resource.resourceType}/${resource.id ?? ''}` };
}
