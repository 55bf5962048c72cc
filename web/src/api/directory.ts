import { infiniteQueryOptions } from '@tanstack/react-query';
import { queryString, request } from './client';
import { LEVELS } from './referrals';

/** Counties of Arizona. */
export const COUNTIES = [
  'Apache',
  'Cochise',
  'Coconino',
  'Gila',
  'Graham',
  'Greenlee',
  'La Paz',
  'Maricopa',
  'Mohave',
  'Navajo',
  'Pima',
  'Pinal',
  'Santa Cruz',
  'Yavapai',
  'Yuma',
] as const;

/** Free places by level of care, as `available_iop_slots`. */
type Slots = Readonly<Record<`available_${string}_slots`, number>>;

export type Provider = Slots & {
  id: string;
  practice: string;
  county: string | null;
  facility_type: string | null;
  insurance_accepted: string[];
};

export interface ProviderFilter {
  county?: string;
  facility_type?: string;
  has_availability?: 'true';
}

interface ProviderPage {
  data: Provider[];
  count: number;
  limit: number;
  offset: number;
}

const PAGE = 100;

export const providersQuery = (filter: ProviderFilter) =>
  infiniteQueryOptions({
    queryKey: ['directory', 'providers', filter],
    queryFn: ({ pageParam, signal }) => {
      const query = queryString({ ...filter, limit: PAGE, offset: pageParam });
      return request<ProviderPage>(`/api/v1/providers${query}`, { signal });
    },
    initialPageParam: 0,
    getNextPageParam: ({ offset, limit, count }) => (offset + limit < count ? offset + limit : undefined),
  });

/** Levels with the places that are free, in the order of the levels. */
export function slotsOf(slots: Slots): { level: string; count: number }[] {
  return LEVELS.flatMap((level) => {
    const count = slots[`available_${level.toLowerCase()}_slots`];
    return count === undefined ? [] : [{ level, count }];
  });
}

export interface MatchInput {
  level_of_care: string;
  insurance?: string;
  diagnosis?: string;
  risk_level?: string;
}

export type Match = Slots & {
  provider_id: string;
  practice: string;
  score: number;
  reasons: string[];
  county: string | null;
  facility_type: string | null;
};

/** The five best providers. */
export async function findMatches(body: MatchInput): Promise<Match[]> {
  return (await request<{ matches: Match[] }>('/api/v1/match', { method: 'POST', body })).matches;
}

/** One part of a score: what it is about, what it gave of what it can give, and why. */
export interface ScorePart {
  name: string;
  points: number;
  most: number;
  reason: string | undefined;
}

/** Parts that give all or nothing, with how the reason of each begins. HandoffRx, "Clinical Matching". */
const PARTS = [
  { name: 'Facility type', most: 30, begins: /^Facility type / },
  { name: 'Insurance', most: 25, begins: /^Accepts / },
  { name: 'Free places', most: 20, begins: /^\d+ .+ slots? available$/ },
  { name: 'Specialty', most: 15, begins: /^Specialty: / },
] as const;
const MOST_FOR_RATING = 10;

/** A score by its parts: four that its reasons tell, and the rating, which is the rest. */
export function partsOf({ score, reasons }: Pick<Match, 'score' | 'reasons'>): ScorePart[] {
  const told = PARTS.map(({ name, most, begins }) => {
    const reason = reasons.find((each) => begins.test(each));
    return { name, most, points: reason === undefined ? 0 : most, reason };
  });
  const rest = score - told.reduce((sum, { points }) => sum + points, 0);
  const rated = reasons.find((each) => each.startsWith('Rated '));
  return [...told, { name: 'Rating', most: MOST_FOR_RATING, points: rest, reason: rated }];
}
