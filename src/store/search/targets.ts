/** Which types a search looks at. */
import type { SearchRequest } from '../../search';
import { containedTargets } from './contained';
import type { Run, Target } from './run';

/** What is searched: types without any resource cost nothing. */
export async function targetsOf(run: Run, request: SearchRequest): Promise<readonly Target[]> {
  if (request.contained === 'false' && request.targets.length <= 1) return request.targets;
  const types = [...(await run.scope.connection.typesInUse())].sort();
  if (request.contained !== 'false') return containedTargets(run, request, types);
  return request.targets.filter(({ type }) => types.includes(type));
}
