import type { DirectoryView } from './directory';
import type { Provider } from './provider';
import {
  fold,
  indexFacts,
  reasonsOf,
  scoresOf,
  slotsAt,
  type ClinicalCriteria,
  type ClinicalIndex,
} from './scorer';
import { LEVELS_OF_CARE, specialtiesFor, specialtyName } from './specialties';

/** Clinical input of a match. HandoffRx, "Clinical Matching". */
export interface MatchRequest {
  level_of_care: string;
  insurance?: string | null;
  /** ICD-10-CM. */
  diagnosis?: string | null;
  risk_level?: string | null;
}

export interface ProviderMatch {
  provider: Provider;
  score: number;
  reasons: string[];
}

/** How many are returned. */
const BEST = 5;

function criteriaOf(request: MatchRequest): ClinicalCriteria {
  return {
    levelOfCare: fold(request.level_of_care),
    insurance: request.insurance ? fold(request.insurance) : undefined,
    specialties: specialtiesFor(request.diagnosis ?? undefined, request.risk_level ?? undefined),
  };
}

/**
 * The best providers that accept clients and score above 0; ties by rating, then free places at the level asked for,
 * then name (decisions, "Match").
 */
export function matchProviders(view: DirectoryView, request: MatchRequest): ProviderMatch[] {
  const criteria = criteriaOf(request);
  const { accepting, index } = indexed(view);
  const best: Ranked[] = [];
  // The lowest score that could still be among the best.
  let least = 1;
  scoresOf(index, criteria).forEach((points, i) => {
    const provider = points < least ? undefined : accepting[i];
    if (provider === undefined) return;
    const candidate = { provider, score: points };
    const last = best[BEST - 1];
    // Many score the same in a large directory; most of them are behind the last of the best.
    if (last !== undefined && !isBefore(candidate, last, criteria)) return;
    const at = best.findIndex((other) => isBefore(candidate, other, criteria));
    best.splice(at < 0 ? best.length : at, 0, candidate);
    if (best.length > BEST) best.pop();
    if (best.length === BEST) least = best[BEST - 1]?.score ?? 1;
  });
  const known = LEVELS_OF_CARE.find((level) => fold(level) === criteria.levelOfCare);
  const shown = { levelOfCare: known ?? request.level_of_care.trim(), specialtyName };
  return best.map((match) => ({ ...match, reasons: reasonsOf(match.provider.facts, criteria, shown) }));
}

interface Indexed {
  /** Those that accept clients, in the order of the directory. */
  accepting: readonly Provider[];
  index: ClinicalIndex;
}

const indexes = new WeakMap<readonly Provider[], Indexed>();

/** Made once for each state of the directory. */
function indexed({ providers }: DirectoryView): Indexed {
  const known = indexes.get(providers);
  if (known !== undefined) return known;
  const accepting = providers.filter(({ isAccepting }) => isAccepting);
  const made = { accepting, index: indexFacts(accepting.map(({ facts }) => facts)) };
  indexes.set(providers, made);
  return made;
}

type Ranked = { provider: Provider; score: number };

function isBefore(a: Ranked, b: Ranked, criteria: ClinicalCriteria): boolean {
  if (a.score !== b.score) return a.score > b.score;
  const [left, right] = [a.provider, b.provider];
  const rating = (left.facts.rating ?? 0) - (right.facts.rating ?? 0);
  if (rating !== 0) return rating > 0;
  const slots = slotsAt(left.facts, criteria) - slotsAt(right.facts, criteria);
  if (slots !== 0) return slots > 0;
  // The directory is in order of name and id, so an equal name keeps the one that came first.
  return left.practice < right.practice;
}
