/**
 * The clinical match (HandoffRx, "Clinical Matching"). What it sees is all it can weigh: no name, no owner, no
 * place, no money. Pure.
 */

/** What the scorer may know of a provider. */
export interface ClinicalFacts {
  /** As written, the code where it is one of ours; empty when unknown. */
  facilityType: string;
  /** Health plans accepted, case folded, to their spelling. */
  insurance: ReadonlyMap<string, string>;
  /** Free places by level of care, case folded. */
  slots: ReadonlyMap<string, number>;
  /** Codes. */
  specialties: readonly string[];
  /** 0 to 5; undefined when not rated. */
  rating: number | undefined;
}

/** What a match asks for. Texts are case folded (`criteriaOf`). */
export interface ClinicalCriteria {
  levelOfCare: string;
  insurance: string | undefined;
  specialties: ReadonlySet<string>;
}

/** Points of each part. */
const POINTS = { facility: 30, insurance: 25, slots: 20, specialty: 15, ratingPerStar: 2 } as const;

/** Case and spacing do not count. */
export function fold(text: string): string {
  return text.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();
}

/** Free places at the level asked for. */
export function slotsAt(facts: ClinicalFacts, criteria: ClinicalCriteria): number {
  return facts.slots.get(criteria.levelOfCare) ?? 0;
}

/** The facts of many providers, turned round: which of them, by position, have what a match may ask for. */
export interface ClinicalIndex {
  /** Points of the rating alone. */
  rating: Uint8Array;
  facility: ReadonlyMap<string, readonly number[]>;
  insurance: ReadonlyMap<string, readonly number[]>;
  /** With a free place at the level. */
  slots: ReadonlyMap<string, readonly number[]>;
  specialty: ReadonlyMap<string, readonly number[]>;
}

/** Turns facts round, so that a match touches only the providers that have something it asks for. */
export function indexFacts(all: readonly ClinicalFacts[]): ClinicalIndex {
  const facility = new Map<string, number[]>();
  const insurance = new Map<string, number[]>();
  const slots = new Map<string, number[]>();
  const specialty = new Map<string, number[]>();
  const rating = new Uint8Array(all.length);
  all.forEach((facts, i) => {
    rating[i] = ratingPoints(facts);
    if (facts.facilityType !== '') append(facility, fold(facts.facilityType), i);
    for (const plan of facts.insurance.keys()) append(insurance, plan, i);
    for (const [level, count] of facts.slots) if (count > 0) append(slots, level, i);
    for (const code of facts.specialties) append(specialty, code, i);
  });
  return { rating, facility, insurance, slots, specialty };
}

function append(lists: Map<string, number[]>, key: string, position: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [position]);
  else list.push(position);
}

/** Scores of all, by position, 0 to 100: each part all or nothing but the rating, which counts two points a star. */
export function scoresOf(index: ClinicalIndex, criteria: ClinicalCriteria): Uint8Array {
  const scores = Uint8Array.from(index.rating);
  const add = (positions: readonly number[] | undefined, points: number): void => {
    for (const i of positions ?? []) scores[i] = (scores[i] ?? 0) + points;
  };
  add(index.facility.get(criteria.levelOfCare), POINTS.facility);
  if (criteria.insurance !== undefined) add(index.insurance.get(criteria.insurance), POINTS.insurance);
  add(index.slots.get(criteria.levelOfCare), POINTS.slots);
  // Several of the specialties count once.
  const counted = new Uint8Array(scores.length);
  for (const code of criteria.specialties) {
    for (const i of index.specialty.get(code) ?? []) {
      if (counted[i] === 0) scores[i] = (scores[i] ?? 0) + POINTS.specialty;
      counted[i] = 1;
    }
  }
  return scores;
}

function matchesFacility(facts: ClinicalFacts, criteria: ClinicalCriteria): boolean {
  return facts.facilityType !== '' && fold(facts.facilityType) === criteria.levelOfCare;
}

function matchesInsurance(facts: ClinicalFacts, criteria: ClinicalCriteria): boolean {
  return criteria.insurance !== undefined && facts.insurance.has(criteria.insurance);
}

function ratingPoints({ rating = 0 }: ClinicalFacts): number {
  return Math.round(Math.min(5, Math.max(0, rating)) * POINTS.ratingPerStar);
}

/**
 * Why a provider scores as it does, in the documented wording and order: facility, insurance, slots, specialty, rating.
 * @param shown the level of care as it is to be written
 */
export function reasonsOf(
  facts: ClinicalFacts,
  criteria: ClinicalCriteria,
  shown: { levelOfCare: string; specialtyName: (code: string) => string },
): string[] {
  const reasons: string[] = [];
  const { levelOfCare } = shown;
  if (matchesFacility(facts, criteria))
    reasons.push(`Facility type (${facts.facilityType}) matches ${levelOfCare}`);
  if (matchesInsurance(facts, criteria))
    reasons.push(`Accepts ${facts.insurance.get(criteria.insurance ?? '') ?? ''}`);
  const slots = slotsAt(facts, criteria);
  if (slots > 0) reasons.push(`${slots} ${levelOfCare} ${slots === 1 ? 'slot' : 'slots'} available`);
  const called = facts.specialties.filter((code) => criteria.specialties.has(code));
  if (called.length > 0) reasons.push(`Specialty: ${called.map(shown.specialtyName).join(', ')}`);
  if (ratingPoints(facts) > 0) reasons.push(`Rated ${String(facts.rating)} of 5`);
  return reasons;
}
