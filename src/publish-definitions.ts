import type { Resource, ResourceType } from '@medplum/fhirtypes';
import { cloneResource, ownDefinitions } from './fhir';
import { serverContext, type House } from './house';

/** Kinds of definitions that are read and searched like everything else (`GET StructureDefinition?url=...`). */
const SERVED: ReadonlySet<ResourceType> = new Set([
  'CodeSystem',
  'ConceptMap',
  'NamingSystem',
  'OperationDefinition',
  'SearchParameter',
  'StructureDefinition',
  'ValueSet',
]);

/**
 * Stores what fhir-profiles/ defines, so that it is served under its canonical URLs with versions and history.
 * What is there already in the same words makes no new version.
 */
export async function publishDefinitions({ store }: Pick<House, 'store'>): Promise<void> {
  const served = ownDefinitions().filter(({ resourceType }) => SERVED.has(resourceType));
  const changes = served.map((definition) => ({
    kind: 'put' as const,
    resource: cloneResource(definition) as Resource & { id: string },
  }));
  await store.commit(changes, serverContext());
}
