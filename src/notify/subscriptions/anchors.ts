import type { ResourceType } from '@medplum/fhirtypes';
import type { Match } from '../../search';

/** References by which other resources are reached. */
export interface Chain {
  keys: readonly string[];
  target: ResourceType;
}

/** An index entry that a match requires: of the resource itself, or of one at the end of a chain. */
export interface Anchor {
  entry: string;
  /** Any entry that begins so will do. */
  isPrefix: boolean;
  chain: Chain | undefined;
}

/** What hangs on every resource. */
export const ANYTHING: Anchor = { entry: '', isPrefix: false, chain: undefined };

/** Ways to hang a match on anchors: of each way, one anchor must be there for the match to hold. None: there is no telling. */
export function waysToAnchor(match: Match): readonly (readonly Anchor[])[] {
  switch (match.kind) {
    case 'entry':
      return [match.keys.map((entry) => ({ entry, isPrefix: false, chain: undefined }))];
    case 'prefix':
      return match.long === undefined ? [[{ entry: match.key, isPrefix: true, chain: undefined }]] : [];
    case 'and':
      return match.of.flatMap(waysToAnchor);
    case 'or':
      return together(match.of.map((part) => waysToAnchor(part)[0]));
    case 'join':
      return together(
        match.targets.map(({ type, match: inner }) =>
          behind({ keys: match.keys, target: type }, waysToAnchor(inner)[0]),
        ),
      );
    default:
      return [];
  }
}

/** Each part has its own way, and all of them together are one. */
function together(ways: readonly (readonly Anchor[] | undefined)[]): readonly (readonly Anchor[])[] {
  const known = ways.flatMap((way) => (way === undefined ? [] : [way]));
  return ways.length > 0 && known.length === ways.length ? [known.flat()] : [];
}

/** Chains of one step are followed; what lies further is no anchor. */
function behind(chain: Chain, way: readonly Anchor[] | undefined): readonly Anchor[] | undefined {
  return way?.every((each) => each.chain === undefined) === true
    ? way.map((each) => ({ ...each, chain }))
    : undefined;
}

export function chainId({ keys, target }: Chain): string {
  return `${keys.join(',')}>${target}`;
}

/** Where an anchor lies: of a topic (or '' for R4 criteria) and a type. No entry has a line break in it. */
export function placeOf(topic: string, type: string, { entry, isPrefix, chain }: Anchor): string {
  return `${topic}\n${type}\n${chain === undefined ? '' : chainId(chain)}\n${isPrefix ? '^' : ''}${entry}`;
}
