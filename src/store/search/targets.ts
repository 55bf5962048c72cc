/** Which types a search looks at. */
import type { ResourceType } from '@medplum/fhirtypes';
import { ProblemError } from '../../fhir';
import { type Match, type SearchRequest, anyOf, needsDatabase } from '../../search';
import type { Scope } from '../scope';

export type Target = SearchRequest['targets'][number];

/** `_contained`: any type may hold the resource that is looked for. */
function containedTargets(request: SearchRequest, types: readonly ResourceType[]): Target[] {
  if (request.targets.some(({ match }) => needsDatabase(match)))
    throw new ProblemError('malformed', '_contained cannot be combined with chains, _has, _list or :in.');
  const inner = request.targets.map(({ type, match }): Match => ({ kind: 'contained', type, match }));
  const own = new Map(request.targets.map(({ type, match }) => [type, match]));
  return types.map((type) => {
    const direct = request.contained === 'both' ? own.get(type) : undefined;
    return { type, match: anyOf(direct === undefined ? inner : [direct, ...inner]) };
  });
}

/** What is searched: types without any resource cost nothing. */
export async function targetsOf(scope: Scope, request: SearchRequest): Promise<readonly Target[]> {
  if (request.contained === 'false' && request.targets.length <= 1) return request.targets;
  const types = [...(await scope.connection.typesInUse())].sort();
  if (request.contained !== 'false') return containedTargets(request, types);
  return request.targets.filter(({ type }) => types.includes(type));
}
