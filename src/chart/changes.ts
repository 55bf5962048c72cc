import type { Coverage, Extension, Patient, Resource } from '@medplum/fhirtypes';
import { DateTime } from 'luxon';
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Actor } from '../provenance';
import type { Change } from '../store';
import { mapped } from '../mapping';
import {
  DEACTIVATION,
  patientMapping,
  PATIENT_STATUS,
  type PatientStatus,
  RECORD_UPDATED,
  RETENTION_UNTIL,
} from './mapping';

/** Years that the record of an inactive patient is kept. Dermifi, "Soft delete patient". */
const RETENTION_YEARS = 7;
/** Stands in for what R4 wants and nobody said. */
export const ABSENT = 'http://hl7.org/fhir/StructureDefinition/data-absent-reason';

/** The resource under an id of its own. */
export function withId<T extends Resource>(resource: T): T & { id: string } {
  return { ...resource, id: resource.id ?? randomUUID() };
}

export function creating(resource: Resource & { id: string }): Change {
  return { kind: 'create', resource, id: resource.id };
}

export function putting(resource: Resource): Change {
  return { kind: 'put', resource: { ...resource, id: resource.id ?? '' } };
}

/** Extensions of which one is replaced; undefined takes it away. */
function withExtension<T extends { extension?: Extension[] }>(
  element: T,
  url: string,
  extension?: Omit<Extension, 'url'>,
): T {
  const others = (element.extension ?? []).filter((one) => one.url !== url);
  const list = extension === undefined ? others : [...others, { url, ...extension }];
  const changed = { ...element, extension: list };
  if (list.length === 0) Reflect.deleteProperty(changed, 'extension');
  return changed;
}

/** Marks that the record was changed, also where nothing of the Patient itself was. */
export function touchedAt(patient: Patient, at: Date): Patient {
  return withExtension(patient, RECORD_UPDATED, { valueInstant: at.toISOString() });
}

/** The patient in another standing at the practice. */
export function inStanding(patient: Patient, status: PatientStatus, at: Date, by: Actor): Patient {
  const marked = withExtension(patient, PATIENT_STATUS, { valueCode: status });
  const set = { ...marked, active: status === 'active' };
  if (status === 'inactive')
    return set.extension?.some(({ url }) => url === DEACTIVATION) ? set : deactivated(set, at, by, {});
  return withExtension(withExtension(set, DEACTIVATION), RETENTION_UNTIL);
}

/** The patient closed, with the reasons given, and kept for seven years. */
export function deactivated(
  patient: Patient,
  at: Date,
  by: Actor,
  why: { reason?: string | null; notes?: string | null },
): Patient {
  const until = DateTime.fromJSDate(at, { zone: 'utc' }).plus({ years: RETENTION_YEARS });
  const closed = { ...withExtension(patient, PATIENT_STATUS, { valueCode: 'inactive' }), active: false };
  const parts: Extension[] = [
    { url: 'at', valueInstant: at.toISOString() },
    { url: 'by', valueString: by.id },
    ...(why.reason ? [{ url: 'reason', valueString: why.reason }] : []),
    ...(why.notes ? [{ url: 'notes', valueString: why.notes }] : []),
  ];
  const explained = withExtension(closed, DEACTIVATION, { extension: parts });
  return withExtension(explained, RETENTION_UNTIL, { valueDateTime: until.toJSDate().toISOString() });
}

/** What `insurance` of a body says; undefined when it says nothing. */
export function coverageFrom(insurance: unknown, patientId: string): (Coverage & { id: string }) | undefined {
  const values = Object.values((insurance ?? {}) as object);
  if (values.every((value) => value === null || value === undefined)) return undefined;
  const coverage = mapped(patientMapping, { insurance })['coverage'] as Coverage;
  return {
    ...coverage,
    id: randomUUID(),
    beneficiary: { reference: `Patient/${patientId}` },
    // R4 wants a payor, the API does not.
    payor: coverage.payor ?? [{ extension: [{ url: ABSENT, valueCode: 'unknown' }] }],
  };
}

/** Whether two coverages say the same in the API's terms. */
export function isSameCoverage(a: Coverage | undefined, b: Coverage | undefined): boolean {
  const told = (coverage: Coverage | undefined): unknown => {
    if (coverage === undefined) return undefined;
    const { insurance } = patientMapping.read({ coverage }, 'created', { at: new Date(0) });
    return { ...(insurance as object), verified: undefined };
  };
  return isDeepStrictEqual(told(a), told(b));
}
