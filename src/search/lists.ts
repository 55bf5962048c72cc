/**
 * Lists that are read newest first all day: by vendor faces, dashboards and EHR work lists. For these types an
 * index holds the listed entries in the order of a sort, so that the first page costs a page.
 */
import type { ResourceType } from '@medplum/fhirtypes';

/** The index that serves a declared list. */
export interface ListOrder {
  /** Keys of `sort` (parameter codes), or `_lastUpdated`. */
  sorts: readonly string[];
  /** Fields whose values filter such lists, besides everything of a practice. */
  filters: readonly string[];
}

export const LISTS: Partial<Record<ResourceType, ListOrder>> = {
  ServiceRequest: { sorts: ['authored', '_lastUpdated'], filters: ['subject', 'status', '_tag'] },
  Task: { sorts: ['modified', '_lastUpdated'], filters: ['status', 'owner'] },
  Patient: { sorts: ['_lastUpdated'], filters: [] },
  MedicationRequest: { sorts: ['authoredon', '_lastUpdated'], filters: ['subject'] },
  RequestGroup: { sorts: ['authored', '_lastUpdated'], filters: ['subject'] },
  Encounter: { sorts: ['date'], filters: ['subject'] },
  Appointment: { sorts: ['date'], filters: [] },
  Observation: { sorts: ['date'], filters: ['subject'] },
  AuditEvent: { sorts: ['date'], filters: [] },
};

type IndexSpecification = Record<string, 1 | -1>;

/** The indexes that search needs on the collection of a type. */
export function recordIndexes(type: ResourceType): IndexSpecification[] {
  const indexes: IndexSpecification[] = [
    { index: 1, _id: 1 },
    { 'ranges.k': 1, 'ranges.l': 1, 'ranges.h': 1 },
  ];
  for (const sort of LISTS[type]?.sorts ?? []) {
    indexes.push({ list: 1, [sort === '_lastUpdated' ? 'lastUpdated' : `sort.${sort}`]: 1, _id: 1 });
  }
  return indexes;
}
