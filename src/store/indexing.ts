/** What search needs of a document, from the search room. */
import type { Resource } from '@medplum/fhirtypes';
import { extractIndex, indexEntries, type IndexFields } from '../search';

export { type IndexFields, noEntries as noIndexFields, recordIndexes as searchIndexes } from '../search';

/** Index fields of a present version: extracted from the resource, for those who may see it. */
export function indexFields(resource: Resource, access: readonly string[]): IndexFields {
  return indexEntries(extractIndex(resource), access, resource.resourceType);
}

/** The index fields, left in the database by those who read for other reasons. */
export const WITHOUT_INDEX = { index: 0, ranges: 0, sort: 0, list: 0 } as const;
