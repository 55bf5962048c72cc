import type { Reference, Resource } from '@medplum/fhirtypes';

/** Elements by which R4 resources name the patient they are about. https://hl7.org/fhir/R4/compartmentdefinition-patient.html */
const SUBJECTS = ['subject', 'patient', 'beneficiary', 'for', 'individual', 'candidate'] as const;

/** Ids of the patients a resource is about, for audit entries and access; each once. */
export function patientIdsOf(resource: Resource): string[] {
  if (resource.resourceType === 'Patient') return resource.id === undefined ? [] : [resource.id];
  const record = resource as unknown as Record<string, unknown>;
  const ids = new Set<string>();
  for (const name of SUBJECTS) addAll(ids, record[name]);
  if (resource.resourceType === 'Appointment')
    for (const { actor } of resource.participant) addAll(ids, actor);
  return [...ids];
}

function addAll(ids: Set<string>, value: unknown): void {
  for (const each of Array.isArray(value) ? value : [value]) {
    const text = (each as Reference | undefined)?.reference;
    const id =
      typeof text === 'string'
        ? /(?:^|\/)Patient\/([A-Za-z0-9\-.]{1,64})(?:\/|$)/.exec(text)?.[1]
        : undefined;
    if (id !== undefined) ids.add(id);
  }
}
