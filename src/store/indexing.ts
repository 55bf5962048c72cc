/** What search needs of a document, from the search room. */
import type { Resource, ResourceType } from '@medplum/fhirtypes';
import {
  extractIndex,
  indexEntries,
  indexVersion,
  noEntries,
  sharedIndexEntries,
  type IndexFields as SearchFields,
  type SharedElements,
} from '../search';

/** The fields that search reads, and what they were made by (`indexVersion`): equal where no reindex is needed. */
export interface IndexFields extends SearchFields {
  indexed: string;
}

/**
 * Index fields of a present version: extracted from the resource, for those who may see it.
 * @param firstWritten when the first version was written, where this is not it.
 */
export function indexFields(resource: Resource, access: readonly string[], firstWritten?: Date): IndexFields {
  const type = resource.resourceType;
  return { ...indexEntries(extractIndex(resource, firstWritten), access, type), indexed: indexVersion(type) };
}

/** The same for one of many resources that have elements in common: what these bring is worked out once. */
export function sharedIndexFields(
  resource: Resource,
  access: readonly string[],
  shared: SharedElements,
): IndexFields {
  return { ...sharedIndexEntries(resource, shared, access), indexed: indexVersion(resource.resourceType) };
}

/** A deleted resource is found by no search. */
export function noIndexFields(type: ResourceType): IndexFields {
  return { ...noEntries(), indexed: indexVersion(type) };
}

/** The index fields, left in the database by those who read for other reasons. */
export const WITHOUT_INDEX = { index: 0, ranges: 0, sort: 0, list: 0 } as const;
