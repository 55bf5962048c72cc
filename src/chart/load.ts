import type {
  AllergyIntolerance,
  Condition,
  Consent,
  Coverage,
  MedicationStatement,
  Patient,
  Resource,
  ResourceType,
} from '@medplum/fhirtypes';
import { parseSearch } from '../search';
import type { StoreAccess, StoredVersion, Viewer } from '../store';
import { inOrder } from './entries';
import type { PatientResources } from './mapping';

const MOST = 1000;

/** Resources of a type that a query finds, at most a thousand. */
export async function found<T extends Resource>(
  access: StoreAccess,
  viewer: Viewer,
  type: T['resourceType'] & ResourceType,
  query: Record<string, string>,
): Promise<T[]> {
  const parameters = new URLSearchParams({ _count: String(MOST), ...query });
  const page = await access.search(viewer, parseSearch(type, parameters.toString()));
  return page.matches.map((match) => match.resource as T);
}

/** A patient's version; undefined when there is none to be seen. */
export async function readPatient(
  access: StoreAccess,
  viewer: Viewer,
  id: string,
): Promise<StoredVersion<Patient> | undefined> {
  const version = await access.read<Patient>(viewer, 'Patient', id);
  return version === undefined || version.deleted ? undefined : version;
}

/** A patient with coverage and lists. */
export async function loadRecord(
  access: StoreAccess,
  viewer: Viewer,
  patient: Patient,
): Promise<PatientResources> {
  const about = `Patient/${patient.id ?? ''}`;
  const [coverages, allergies, medications, conditions] = await Promise.all([
    coveragesOf(access, viewer, [about]),
    found<AllergyIntolerance>(access, viewer, 'AllergyIntolerance', { patient: about }),
    found<MedicationStatement>(access, viewer, 'MedicationStatement', { subject: about }),
    found<Condition>(access, viewer, 'Condition', { subject: about }),
  ]);
  const coverage = coverages.get(about);
  return {
    patient,
    ...(coverage !== undefined && { coverage }),
    allergies: inOrder(allergies),
    medications: inOrder(medications),
    conditions: inOrder(conditions),
  };
}

/** The present Coverage of each patient (`Patient/1`), the newest where there are several. */
export async function coveragesOf(
  access: StoreAccess,
  viewer: Viewer,
  patients: readonly string[],
): Promise<Map<string, Coverage>> {
  if (patients.length === 0) return new Map();
  const coverages = await found<Coverage>(access, viewer, 'Coverage', {
    beneficiary: patients.join(','),
    status: 'active',
  });
  const newestLast = coverages.sort((a, b) =>
    (a.meta?.lastUpdated ?? '').localeCompare(b.meta?.lastUpdated ?? ''),
  );
  return new Map(newestLast.map((coverage) => [coverage.beneficiary.reference ?? '', coverage]));
}

/** The latest Consent of a scope: `treatment` or `patient-privacy`. */
export async function consentOf(
  access: StoreAccess,
  viewer: Viewer,
  patient: string,
  scope: string,
): Promise<Consent | undefined> {
  const [latest] = await found<Consent>(access, viewer, 'Consent', {
    patient,
    scope,
    _sort: '-_lastUpdated',
    _count: '1',
  });
  return latest;
}
