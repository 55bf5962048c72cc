import type { Bundle, BundleEntry, Extension, Patient } from '@medplum/fhirtypes';
import { matchProviders } from '../../../directory';
import { fieldProblem, ProblemError } from '../../../fhir';
import { escapeValue, parseSearch } from '../../../search';
import type { StoredVersion } from '../../../store';
import { eyes, requirePermission } from '../access';
import type { FhirContext } from '../context';
import type { Handler, Operation } from '../interaction';
import type { FhirRequest } from '../request';
import { patientsOf } from '../trace';
import { readInputs } from './inputs';
import { scorePatient, type Grade } from './patient-score';

const GRADE = 'http://hl7.org/fhir/StructureDefinition/match-grade';
const REASON = 'https://crosswalk.example/fhir/StructureDefinition/match-reason';
const DEFAULT_COUNT = 20;
const MOST = 100;
/** Patients that one criterion brings to the scorer. */
const CANDIDATES = 200;

/** Finds patients by a description of one. https://hl7.org/fhir/R4/patient-operation-match.html */
const matchPatient: Handler = async (context, request) => {
  const inputs = readInputs(request, ['resource', 'onlyCertainMatches', 'count'], 'resource');
  const wanted = inputs.resource('resource');
  if (wanted?.resourceType !== 'Patient')
    throw new ProblemError('malformed', 'resource: Send the Patient to look for.');
  const isCertain = inputs.flag('onlyCertainMatches') === true;
  const count = Math.min(inputs.number('count') ?? DEFAULT_COUNT, MOST);
  const found = await candidates(context, request, wanted);
  const ranked = found
    .map((version) => ({ version, ...scorePatient(wanted, version.resource as Patient) }))
    .filter(({ grade }) => (isCertain ? grade === 'certain' : grade !== 'certainly-not'))
    .sort(
      (a, b) => RANK[a.grade] - RANK[b.grade] || b.score - a.score || (a.version.id < b.version.id ? -1 : 1),
    )
    .slice(0, count);
  const entry = ranked.map(({ version, score, grade }) =>
    entryOf(context, version, score, [{ url: GRADE, valueCode: grade }]),
  );
  note(
    request,
    ranked.map(({ version }) => version),
  );
  return { status: 200, resource: searchset(entry) };
};

const RANK: Record<Grade, number> = { certain: 0, probable: 1, possible: 2, 'certainly-not': 3 };

/** Whoever shares an identifier, a telephone or address, or a name together with a birth date or alone. */
async function candidates(
  context: FhirContext,
  request: FhirRequest,
  wanted: Patient,
): Promise<StoredVersion[]> {
  const found = new Map<string, StoredVersion>();
  for (const pairs of criteriaOf(wanted)) {
    const asked = parseSearch('Patient', [...pairs, ['_count', String(CANDIDATES)]]);
    const { matches } = await request.records.search(eyes(context, request, 's'), asked);
    for (const match of matches) found.set(match.id, match);
  }
  return [...found.values()];
}

function criteriaOf({ identifier = [], name = [], telecom = [], birthDate }: Patient): [string, string][][] {
  const criteria: [string, string][][] = [];
  for (const { system, value } of identifier)
    if (value)
      criteria.push([
        ['identifier', `${system === undefined ? '' : `${escapeValue(system)}|`}${escapeValue(value)}`],
      ]);
  for (const { value } of telecom) if (value) criteria.push([['telecom', escapeValue(value)]]);
  for (const { family } of name) if (family) criteria.push([['family', escapeValue(family)]]);
  if (birthDate !== undefined) {
    const given = name.flatMap((each) => each.given ?? []).slice(0, 1);
    for (const each of given)
      criteria.push([
        ['birthdate', birthDate],
        ['given', escapeValue(each)],
      ]);
    for (const { family } of name)
      if (family)
        criteria.push([
          ['birthdate', birthDate],
          ['family', escapeValue(family)],
        ]);
  }
  if (criteria.length === 0)
    throw new ProblemError(
      'invalid',
      'resource: The Patient needs an identifier, a name or a telecom to be found by.',
    );
  return criteria;
}

/** The clinical match of HandoffRx in FHIR's terms. OperationDefinition/HealthcareService-match */
const matchService: Handler = async (context, request) => {
  requirePermission(context, request, 'HealthcareService', 's');
  const inputs = readInputs(request, ['levelOfCare', 'insurance', 'diagnosis', 'riskLevel', 'count']);
  const levelOfCare = inputs.text('levelOfCare');
  if (levelOfCare === undefined || levelOfCare.trim() === '')
    throw fieldProblem('invalid', 'levelOfCare is required.', [
      { field: 'levelOfCare', message: 'levelOfCare is required.' },
    ]);
  const riskLevel = inputs.text('riskLevel');
  if (riskLevel !== undefined && !['low', 'medium', 'high'].includes(riskLevel))
    throw fieldProblem('invalid', 'riskLevel must be low, medium or high.', [
      { field: 'riskLevel', message: 'riskLevel must be low, medium or high.' },
    ]);
  const asked = {
    level_of_care: levelOfCare,
    insurance: inputs.text('insurance') ?? null,
    diagnosis: inputs.text('diagnosis') ?? null,
    risk_level: riskLevel ?? null,
  };
  const best = matchProviders(await context.directory.current(), asked).slice(0, inputs.number('count'));
  const wanted = best.map(({ provider }) => ({ type: 'HealthcareService' as const, id: provider.id }));
  const seen = new Map(
    (await request.records.readMany(eyes(context, request, 's'), wanted)).map((each) => [each.id, each]),
  );
  const entry = best.flatMap(({ provider, score, reasons }) => {
    const version = seen.get(provider.id);
    if (version === undefined) return [];
    const why = reasons.map((valueString): Extension => ({ url: REASON, valueString }));
    return [entryOf(context, version, score / 100, why)];
  });
  request.x.audit.details = [
    ...Object.entries(asked).flatMap(([type, value]) => (value === null ? [] : [{ type, value }])),
    ...best.map(({ provider, score, reasons }) => ({
      type: `HealthcareService/${provider.id}`,
      value: `${score}: ${reasons.join('; ')}`,
    })),
  ];
  note(request, [...seen.values()]);
  return { status: 200, resource: searchset(entry) };
};

function entryOf(
  context: FhirContext,
  { type, id, resource }: StoredVersion,
  score: number,
  extension: Extension[],
): BundleEntry {
  return {
    fullUrl: `${context.baseUrl}/${type}/${id}`,
    resource,
    search: { extension, mode: 'match', score },
  };
}

function searchset(entry: BundleEntry[]): Bundle {
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    total: entry.length,
    ...(entry.length > 0 && { entry }),
  };
}

function note(request: FhirRequest, found: readonly StoredVersion[]): void {
  request.x.audit.query = `POST ${request.segments.join('/')}`;
  request.x.audit.resources = found.map(({ type, id }) => `${type}/${id}`);
  request.x.audit.patients = patientsOf(found);
}

const base = {
  name: 'match',
  system: false,
  type: true,
  instance: false,
  safe: false,
  permission: 's',
} as const;

export const MATCH: readonly Operation[] = [
  {
    ...base,
    definition: 'http://hl7.org/fhir/OperationDefinition/Patient-match',
    types: ['Patient'],
    handle: matchPatient,
  },
  {
    ...base,
    definition: 'https://crosswalk.example/fhir/OperationDefinition/HealthcareService-match',
    types: ['HealthcareService'],
    handle: matchService,
  },
];
