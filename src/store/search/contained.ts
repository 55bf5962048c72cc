/** `_contained`: contained resources are judged by themselves. https://hl7.org/fhir/R4/search.html#contained */
import type { Resource, ResourceType } from '@medplum/fhirtypes';
import { ProblemError } from '../../fhir';
import {
  type Match,
  NOTHING,
  type SearchRequest,
  allOf,
  anyOf,
  containedMatching,
  needsDatabase,
  negate,
} from '../../search';
import type { FoundVersion } from '../types';
import { resolve } from './resolve';
import type { Run, Target } from './run';

type ContainedMatch = Extract<Match, { kind: 'contained' }>;

const TOO_MANY =
  '_contained: A chain of this search leads to too many resources to be followed from contained ones; narrow it down, or leave _contained out.';

/** Nothing outside can refer to a contained resource or list it: what asks for that finds none. */
function withoutReferrers(match: Match): Match {
  switch (match.kind) {
    case 'and':
      return allOf(match.of.map(withoutReferrers));
    case 'or':
      return anyOf(match.of.map(withoutReferrers));
    case 'not':
      return negate(withoutReferrers(match.of));
    case 'has':
    case 'list':
      return NOTHING;
    default:
      return match;
  }
}

/** What chains ask is answered beforehand: which stored resources a contained one has to refer to. */
async function containedMatch(run: Run, { type, match }: Target): Promise<ContainedMatch> {
  const resolved = await resolve(run, withoutReferrers(match));
  if (needsDatabase(resolved))
    throw new ProblemError('malformed', TOO_MANY, {
      issues: [
        { severity: 'error', code: 'too-costly', diagnostics: TOO_MANY, location: ['http._contained'] },
      ],
    });
  return { kind: 'contained', type, match: resolved };
}

/** What is searched: any type may hold the resource that is looked for. */
export async function containedTargets(
  run: Run,
  request: SearchRequest,
  types: readonly ResourceType[],
): Promise<Target[]> {
  const inner: Match[] = [];
  for (const target of request.targets) inner.push(await containedMatch(run, target));
  const own = new Map(request.targets.map(({ type, match }) => [type, match]));
  return types.map((type) => {
    const direct = request.contained === 'both' ? own.get(type) : undefined;
    return { type, match: anyOf(direct === undefined ? inner : [direct, ...inner]) };
  });
}

function questionsOf(match: Match | undefined): ContainedMatch[] {
  if (match?.kind === 'or') return match.of.flatMap(questionsOf);
  return match?.kind === 'contained' ? [match] : [];
}

/** `_containedType=contained`: the contained resources themselves, each with the id it has within its container. */
export function containedVersions(
  targets: readonly Target[],
  versions: readonly FoundVersion[],
): FoundVersion[] {
  // Every type is asked for the same contained resources.
  const questions = questionsOf(targets[0]?.match);
  return versions.flatMap((version) => {
    const inner = questions.flatMap((question): Resource[] => containedMatching(version.resource, question));
    if (inner.length === 0) return [version];
    return inner.map((resource) => ({
      ...version,
      type: resource.resourceType,
      id: `${version.id}#${resource.id ?? ''}`,
      resource,
    }));
  });
}
