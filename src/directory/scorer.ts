/**
 * The clinical match (HandoffRx, "Clinical Matching"). What it sees is all it can weigh: no name, no owner, no
 * place, no money. Pure.
 */

/** What the scorer may know of a provider. */
export interface ClinicalFacts {
  /** Code of the facility type; empty when unknown. */
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
export const POINTS = { facility: 30, insurance: 25, slots: 20, specialty: 15, ratingPerStar: 2 } as const;

/** Case and spacing do not count. */
export function fold(text: string): string {
  return text.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();
}

/** Free places at the level asked for. */
export function slotsAt(facts: ClinicalFacts, criteria: ClinicalCriteria): number {
  return facts.slots.get(criteria.levelOfCare) ?? 0;
}

/** 0 to 100: each part all or nothing but the rating, which counts two points a star. */
export function score(facts: ClinicalFacts, criteria: ClinicalCriteria): number {
  let total = ratingPoints(facts);
  if (matchesFacility(facts, criteria)) total += POINTS.facility;
  if (matchesInsurance(facts, criteria)) total += POINTS.insurance;
  if (slotsAt(facts, criteria) > 0) total += POINTS.slots;
  if (criteria.specialties.size > 0 && facts.specialties.some((code) => criteria.specialties.has(code))) {
    total += POINTS.specialty;
  }
  return total;
}

function matchesFacility(facts: ClinicalFacts, criteria: ClinicalCriteria): boolean {
  return facts.facilityType !== '' && facts.facilityType.toLowerCase() === criteria.levelOfCare;
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
