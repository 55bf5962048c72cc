import type { ResourceType } from '@medplum/fhirtypes';
import { parseSearch, type SearchRequest } from '../../search';
import type { Topic } from './topic';

/** Includes of a topic's notifications on a type, as search parameters; undefined when there are none. */
export function shapeOf({ shapes }: Topic, type: string): string | undefined {
  const parameters = shapes
    .filter((shape) => shape.type === type)
    .flatMap(({ includes, revIncludes }) => [
      ...includes.map((each): [string, string] => ['_include', each]),
      ...revIncludes.map((each): [string, string] => ['_revinclude', each]),
    ]);
  return parameters.length === 0 ? undefined : new URLSearchParams(parameters).toString();
}

/** The search that finds one resource with what a shape includes; includes that this server does not know are left out. */
export function parseShape(type: ResourceType, id: string, shape: string): SearchRequest {
  return parseSearch(type, `_id=${id}&${shape}`, { lenient: true });
}
