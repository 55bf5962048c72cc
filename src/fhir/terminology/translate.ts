/** ConceptMap/$translate. https://hl7.org/fhir/R4/conceptmap-operation-translate.html */
import type {
  CodeableConcept,
  Coding,
  ConceptMap,
  ConceptMapGroup,
  ConceptMapGroupElementTarget,
  Parameters,
  ParametersParameter,
} from '@medplum/fhirtypes';
import { canonicalEntries, canonicalResource } from '../definitions';
import { ProblemError } from '../problem';

export interface TranslateInput {
  /** The map; without it every shipped map with a fitting source or target is asked. */
  url?: string;
  conceptMap?: ConceptMap;
  system?: string;
  code?: string;
  coding?: Coding;
  codeableConcept?: CodeableConcept;
  /** Value sets, and the code system wanted. */
  source?: string;
  target?: string;
  targetsystem?: string;
  reverse?: boolean;
}

interface Match {
  equivalence: string;
  concept: Coding;
  source: string | undefined;
}

function mapsFor(input: TranslateInput): ConceptMap[] {
  if (input.conceptMap !== undefined) return [input.conceptMap];
  if (input.url !== undefined) {
    const map = canonicalResource(input.url, 'ConceptMap');
    if (map === undefined) throw new ProblemError('not-found', 'The concept map is not known here.');
    return [map];
  }
  const maps = canonicalEntries()
    .filter(({ resourceType }) => resourceType === 'ConceptMap')
    .map(({ read }) => read() as ConceptMap);
  return maps.filter(
    (map) =>
      (input.source === undefined || [map.sourceUri, map.sourceCanonical].includes(input.source)) &&
      (input.target === undefined || [map.targetUri, map.targetCanonical].includes(input.target)),
  );
}

/** Backwards, "wider" and "narrower" (and the like) change places. */
const REVERSED: Record<string, string> = {
  wider: 'narrower',
  narrower: 'wider',
  subsumes: 'specializes',
  specializes: 'subsumes',
};

function forwards(group: ConceptMapGroup, coding: Coding, source: string | undefined): Match[] {
  if (coding.system !== undefined && group.source !== coding.system) return [];
  const element = group.element?.find(({ code }) => code === coding.code);
  if (element !== undefined)
    return (element.target ?? []).map((target) => matchOf(target, group.target, source));
  const { unmapped } = group;
  if (unmapped?.mode === 'provided')
    return [matchOf({ code: coding.code, equivalence: 'equal' }, group.target, source)];
  if (unmapped?.mode === 'fixed') {
    return [
      matchOf(
        { code: unmapped.code, display: unmapped.display, equivalence: 'inexact' },
        group.target,
        source,
      ),
    ];
  }
  return [];
}

function matchOf(
  target: ConceptMapGroupElementTarget,
  system: string | undefined,
  source: string | undefined,
): Match {
  const { code, display, equivalence = 'relatedto' } = target;
  return {
    equivalence,
    source,
    concept: {
      system,
      ...(code === undefined ? {} : { code }),
      ...(display === undefined ? {} : { display }),
    },
  };
}

function backwards(group: ConceptMapGroup, coding: Coding, source: string | undefined): Match[] {
  if (coding.system !== undefined && group.target !== coding.system) return [];
  return (group.element ?? []).flatMap((element) =>
    (element.target ?? [])
      .filter(({ code }) => code === coding.code)
      .map((target) => {
        const equivalence = target.equivalence ?? 'relatedto';
        return matchOf(
          {
            code: element.code,
            display: element.display,
            equivalence: (REVERSED[equivalence] ??
              equivalence) as ConceptMapGroupElementTarget['equivalence'],
          },
          group.source,
          source,
        );
      }),
  );
}

function codingsOf(input: TranslateInput): Coding[] {
  const codings = input.codeableConcept?.coding ?? [
    input.coding ?? { system: input.system, code: input.code },
  ];
  if (codings.every(({ code }) => code === undefined))
    throw new ProblemError('malformed', 'A code, coding or codeableConcept is needed.');
  return codings;
}

const isMapped = ({ equivalence }: Match): boolean =>
  equivalence !== 'unmatched' && equivalence !== 'disjoint';

function matchParameter({ equivalence, concept, source }: Match): ParametersParameter {
  return {
    name: 'match',
    part: [
      { name: 'equivalence', valueCode: equivalence },
      { name: 'concept', valueCoding: concept },
      ...(source === undefined ? [] : [{ name: 'source', valueUri: source }]),
    ],
  };
}

/**
 * Translates a code through the concept maps of R4 and of fhir-profiles/.
 * @throws ProblemError 404 for an unknown map, 400 without a code
 */
export function translate(input: TranslateInput): Parameters {
  const direction = input.reverse === true ? backwards : forwards;
  const codings = codingsOf(input);
  const matches = mapsFor(input)
    .flatMap((map) =>
      (map.group ?? []).flatMap((group) => codings.flatMap((coding) => direction(group, coding, map.url))),
    )
    .filter(({ concept }) => input.targetsystem === undefined || concept.system === input.targetsystem);
  const result = matches.some(isMapped);
  return {
    resourceType: 'Parameters',
    parameter: [
      { name: 'result', valueBoolean: result },
      ...(result ? [] : [{ name: 'message', valueString: 'No map knows a translation of the code.' }]),
      ...matches.map(matchParameter),
    ],
  };
}
