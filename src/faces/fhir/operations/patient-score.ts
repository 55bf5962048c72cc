import type { Patient } from '@medplum/fhirtypes';

/** How sure a match is. https://hl7.org/fhir/R4/valueset-match-grade.html */
export type Grade = 'certain' | 'probable' | 'possible' | 'certainly-not';

export interface PatientScore {
  /** 0 to 1: what agrees, as a share of what both say. */
  score: number;
  grade: Grade;
}

/** What each fact weighs when both say it; names and birth date carry most, as in published linkage studies. */
const WEIGHTS = {
  identifier: 8,
  family: 4,
  given: 3,
  birthDate: 5,
  gender: 1,
  telecom: 3,
  postalCode: 1,
} as const;

type Fact = keyof typeof WEIGHTS;

const PROBABLE = 0.8;
const POSSIBLE = 0.45;

/** How well a known patient fits a description. Pure; says nothing of facts that one of the two leaves out. */
export function scorePatient(wanted: Patient, known: Patient): PatientScore {
  const [left, right] = [factsOf(wanted), factsOf(known)];
  let said = 0;
  let agreed = 0;
  const differs = new Set<Fact>();
  const agrees = new Set<Fact>();
  for (const fact of Object.keys(WEIGHTS) as Fact[]) {
    if (left[fact].size === 0 || right[fact].size === 0) continue;
    const isSame = [...left[fact]].some((value) => right[fact].has(value));
    // Other numbers, addresses and telephones are no contradiction: people have several.
    if (!isSame && (fact === 'identifier' || fact === 'telecom' || fact === 'postalCode')) continue;
    said += WEIGHTS[fact];
    if (isSame) agreed += WEIGHTS[fact];
    (isSame ? agrees : differs).add(fact);
  }
  const score = said === 0 ? 0 : Math.round((agreed / said) * 100) / 100;
  return { score, grade: gradeOf(score, agrees, differs) };
}

function gradeOf(score: number, agrees: ReadonlySet<Fact>, differs: ReadonlySet<Fact>): Grade {
  const isNamed = agrees.has('family') && agrees.has('given') && agrees.has('birthDate');
  const isContradicted = differs.size > 0;
  if (!isContradicted && agrees.has('identifier') && (agrees.has('birthDate') || agrees.has('family')))
    return 'certain';
  if (!isContradicted && isNamed && agrees.has('telecom')) return 'certain';
  // A name alone, or a birth date alone, fits too many.
  const isStrong = isNamed || agrees.has('identifier');
  if (score >= PROBABLE && isStrong) return 'probable';
  return score >= POSSIBLE ? 'possible' : 'certainly-not';
}

function factsOf(patient: Patient): Record<Fact, ReadonlySet<string>> {
  const names = patient.name ?? [];
  return {
    identifier: texts(
      (patient.identifier ?? []).map(({ system, value }) => value && `${system ?? ''}|${value}`),
    ),
    family: texts(names.map(({ family }) => family)),
    given: texts(names.map(({ given }) => given?.[0])),
    birthDate: texts([patient.birthDate]),
    gender: texts([patient.gender]),
    telecom: texts((patient.telecom ?? []).map(({ value }) => value?.replace(/[\s().-]/g, ''))),
    postalCode: texts((patient.address ?? []).map(({ postalCode }) => postalCode)),
  };
}

/** Case, accents and spacing do not count. */
function texts(values: readonly (string | undefined)[]): Set<string> {
  const folded = values.map((value) =>
    (value ?? '').normalize('NFKD').replace(/\p{M}/gu, '').trim().replace(/\s+/g, ' ').toLowerCase(),
  );
  return new Set(folded.filter((value) => value !== ''));
}
