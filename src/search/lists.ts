/**
 * Lists that are read newest first all day: by vendor faces, dashboards and EHR work lists. For these types an
 * index holds the listed entries in the order of a sort, so that the first page costs a page.
 */
import type { ResourceType } from '@medplum/fhirtypes';

/** The index that serves a declared list. */
export interface ListOrder {
  /** Keys of the document's `sort` with one value each. `_lastUpdated` needs no declaration: the store indexes it. */
  sorts: readonly string[];
  /** Fields whose values filter such lists, besides everything of a practice. */
  filters: readonly string[];
}

export const LISTS: Partial<Record<ResourceType, ListOrder>> = {
  ServiceRequest: { sorts: ['created', 'authored'], filters: ['subject', 'status', '_tag'] },
  Task: { sorts: ['modified'], filters: ['status', 'owner'] },
  MedicationRequest: { sorts: ['authoredon'], filters: ['subject', 'requester', 'status'] },
  RequestGroup: { sorts: ['authored'], filters: ['subject', 'author', '_tag'] },
  Patient: { sorts: ['created', 'family', 'given', 'birthdate'], filters: [] },
  Encounter: { sorts: ['date'], filters: ['subject'] },
  Appointment: { sorts: ['date'], filters: [] },
  Observation: { sorts: ['date'], filters: ['subject'] },
  AuditEvent: { sorts: ['date'], filters: [] },
};

/** Parameters of ours for when a resource was made; of one that does not say it, the store tells when it was first written. */
export const MADE: Partial<Record<ResourceType, string>> = { Patient: 'created', ServiceRequest: 'created' };

type IndexSpecification = Record<string, 1 | -1>;

/** The indexes that search needs on the collection of a type. */
export function recordIndexes(type: ResourceType): IndexSpecification[] {
  const indexes: IndexSpecification[] = [
    { index: 1, _id: 1 },
    { 'ranges.k': 1, 'ranges.l': 1, 'ranges.h': 1 },
  ];
  for (const sort of LISTS[type]?.sorts ?? []) {
    indexes.push({ list: 1, [`sort.${sort}`]: 1, _id: 1 });
  }
  return indexes;
}
