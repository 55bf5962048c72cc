/**
 * Who may see a document, decided when it is written. docs/storage.md, "Access", explains the tables.
 */
import type { Resource, ResourceType } from '@medplum/fhirtypes';
import { parseReference } from '../fhir';
import { COMMON_TYPES, DEPLOYMENT, EVERYBODY } from '../search';
import type { Viewer } from './types';

/** Types common to all practices: the directory (decisions, "Access") and definitions, which hold no patient. */
export function isShared(type: string): boolean {
  return COMMON_TYPES.has(type);
}

/** Elements through which a resource is addressed to a practice, or belongs to one. */
const ADDRESSED: Partial<Record<ResourceType, readonly string[]>> = {
  Account: ['owner'],
  Appointment: ['participant.actor'],
  AppointmentResponse: ['actor'],
  CareTeam: ['managingOrganization'],
  Claim: ['insurer'],
  Communication: ['recipient', 'sender'],
  CommunicationRequest: ['recipient', 'sender', 'requester'],
  Device: ['owner'],
  DeviceRequest: ['performer', 'requester'],
  EpisodeOfCare: ['managingOrganization'],
  Group: ['managingEntity'],
  HealthcareService: ['providedBy'],
  Location: ['managingOrganization'],
  MedicationRequest: ['performer', 'requester', 'dispenseRequest.performer'],
  Patient: ['managingOrganization'],
  PractitionerRole: ['organization'],
  ServiceRequest: ['performer', 'requester'],
  SupplyRequest: ['supplier', 'requester'],
  Task: ['owner', 'requester', 'restriction.recipient'],
};

/** What a resource that is addressed to a practice opens to it, so that the practice can act on it. */
const CARRIED: Partial<Record<ResourceType, readonly string[]>> = {
  Appointment: ['participant.actor'],
  Communication: ['subject', 'about'],
  CommunicationRequest: ['subject', 'about'],
  DeviceRequest: ['subject', 'insurance'],
  MedicationRequest: ['subject', 'insurance'],
  ServiceRequest: ['subject', 'insurance', 'reasonReference', 'supportingInfo'],
  SupplyRequest: ['deliverTo'],
  Task: ['for', 'focus', 'basedOn', 'insurance', 'reasonReference'],
};

/** Where resources of the patient compartment name their patient. https://hl7.org/fhir/R4/compartmentdefinition-patient.html */
const PATIENT_ELEMENTS = [
  'subject',
  'patient',
  'beneficiary',
  'for',
  'individual',
  'participant.actor',
  'target',
  'deliverTo',
  'securityContext',
] as const;

/** Types that stand for a practice: their organization is named by this element. */
const STANDS_FOR: Partial<Record<string, string>> = {
  HealthcareService: 'providedBy',
  PractitionerRole: 'organization',
};

export interface Target {
  type: ResourceType;
  id: string;
}

type Node = Record<string, unknown>;

/** References at a dot path, lists flattened. Only those to resources of this server count. */
function targetsAt(resource: Resource, path: string): Target[] {
  const dot = path.indexOf('.');
  const first = (resource as unknown as Node)[dot < 0 ? path : path.slice(0, dot)];
  // Most resources have few of the elements that are asked for.
  if (first === undefined) return [];
  let nodes: unknown[] = Array.isArray(first) ? first : [first];
  for (const key of dot < 0 ? [] : path.slice(dot + 1).split('.')) {
    nodes = nodes.flatMap((node) =>
      typeof node === 'object' && node !== null ? (node as Node)[key] : undefined,
    );
  }
  const targets: Target[] = [];
  for (const node of nodes) {
    const text = typeof node === 'object' && node !== null ? (node as Node)['reference'] : undefined;
    const parsed = typeof text === 'string' ? parseReference(text) : undefined;
    if (parsed?.kind === 'local') targets.push({ type: parsed.type as ResourceType, id: parsed.id });
  }
  return targets;
}

function targetsOf(resource: Resource, paths: readonly string[] | undefined): Target[] {
  return paths === undefined ? [] : paths.flatMap((path) => targetsAt(resource, path));
}

/** Practices that a resource is addressed to: named outright, or standing behind a service or role still to be looked up. */
export function addressees(resource: Resource): { practices: string[]; behind: Target[] } {
  const targets = targetsOf(resource, ADDRESSED[resource.resourceType]);
  const practices = targets.filter((target) => target.type === 'Organization').map((target) => target.id);
  if (resource.resourceType === 'Organization' && resource.id !== undefined) practices.push(resource.id);
  return { practices, behind: targets.filter((target) => STANDS_FOR[target.type] !== undefined) };
}

/** The practice behind a HealthcareService or PractitionerRole. */
export function practiceBehind(resource: Resource): string | undefined {
  const path = STANDS_FOR[resource.resourceType];
  return path === undefined
    ? undefined
    : targetsAt(resource, path).find((target) => target.type === 'Organization')?.id;
}

/** Resources that go with this one to the practices it is addressed to. Directory and definitions need no grant. */
export function carried(resource: Resource): Target[] {
  return targetsOf(resource, CARRIED[resource.resourceType]).filter((target) => !isShared(target.type));
}

/** Patients that a resource is about, unless it is a Patient itself. */
export function patientsOf(resource: Resource): string[] {
  if (isShared(resource.resourceType) || resource.resourceType === 'Patient') return [];
  const targets = PATIENT_ELEMENTS.flatMap((path) => targetsAt(resource, path));
  return [...new Set(targets.filter((target) => target.type === 'Patient').map((target) => target.id))];
}

/** `access` as stored: every document is in reach of the whole deployment; a shared type is everybody's too. */
export function accessOf(type: string, practices: Iterable<string>): string[] {
  const shared = isShared(type) ? [EVERYBODY] : [];
  return [...new Set([DEPLOYMENT, ...shared, ...practices])];
}

/** Practice-wise visibility; SMART row limits (`Viewer.rows`) are a matter of search. */
export function mayRead(viewer: Viewer, access: readonly string[]): boolean {
  return viewer.practice === undefined || access.includes(viewer.practice) || access.includes(EVERYBODY);
}

/** A practice writes what it holds itself; that everybody may read the directory does not let everybody change it. */
export function mayWrite(viewer: Viewer, access: readonly string[]): boolean {
  return viewer.practice === undefined || access.includes(viewer.practice);
}
