import type { Patient, Practitioner, PractitionerRole } from '@medplum/fhirtypes';
import { patientStatus } from '../chart';
import { type FieldProblem, fieldProblem, ProblemError, referencedId } from '../fhir';
import { findPharmacy, type Pharmacy } from '../pharmacy';
import type { StoreAccess, Viewer } from '../store';
import { present, searchAll } from './references';

/** Message of a body that names what does not exist. Dermifi, "Error Response Format". */
const INVALID = 'Invalid request parameters';

export interface Parties {
  patient: Patient & { id: string };
  practitioner: Practitioner & { id: string };
}

/**
 * Patient and provider of something new.
 * @param missing other fields whose ids nothing has, to be named together with these
 * @throws ProblemError invalid naming the ids that nothing has, or conflict when the patient is inactive.
 */
export async function requireParties(
  access: StoreAccess,
  viewer: Viewer,
  { patientId, providerId }: { patientId: string; providerId: string },
  missing: readonly string[] = [],
): Promise<Parties> {
  const patient = await present<Patient>(access, viewer, 'Patient', patientId);
  const practitioner = await findProvider(access, viewer, providerId);
  if (patient === undefined || practitioner === undefined || missing.length > 0) {
    throw notThere([...(patient ? [] : ['patientId']), ...(practitioner ? [] : ['providerId']), ...missing]);
  }
  if (patientStatus(patient) === 'inactive') throw new ProblemError('conflict', 'The patient is inactive');
  return { patient: { ...patient, id: patientId }, practitioner: { ...practitioner, id: providerId } };
}

/** A Practitioner of the directory, unless all of its roles are at other practices. */
export async function findProvider(
  access: StoreAccess,
  viewer: Viewer,
  id: string,
): Promise<Practitioner | undefined> {
  const practitioner = await present<Practitioner>(access, viewer, 'Practitioner', id);
  if (practitioner === undefined || viewer.practice === undefined) return practitioner;
  const query = { practitioner: `Practitioner/${id}` };
  const roles = await searchAll<PractitionerRole>(access, viewer, 'PractitionerRole', query);
  const practices = roles.flatMap((role) => referencedId(role.organization, 'Organization') ?? []);
  return practices.length === 0 || practices.includes(viewer.practice) ? practitioner : undefined;
}

/** @throws ProblemError invalid naming the field */
export async function requirePharmacy(
  access: StoreAccess,
  viewer: Viewer,
  id: string,
  field: string,
): Promise<Pharmacy & { id: string }> {
  const pharmacy = await findPharmacy(access, viewer, id);
  if (pharmacy === undefined) throw notThere([field]);
  return { ...pharmacy, id };
}

/** @throws ProblemError invalid naming the field */
export async function requireProvider(
  access: StoreAccess,
  viewer: Viewer,
  id: string,
  field: string,
): Promise<Practitioner> {
  const practitioner = await findProvider(access, viewer, id);
  if (practitioner === undefined) throw notThere([field]);
  return practitioner;
}

/** @returns the problem of ids in a body that nothing has (decisions, "Both vendor faces"). */
export function notThere(fields: readonly string[]): ProblemError {
  return refuse(fields.map((field) => ({ field, message: 'There is nothing with this id' })));
}

/** @returns the problem of fields of a body. */
export function refuse(problems: readonly FieldProblem[]): ProblemError {
  return fieldProblem('invalid', INVALID, problems);
}
