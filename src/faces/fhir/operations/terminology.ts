import type { CodeSystem, ConceptMap, Resource, ResourceType, ValueSet } from '@medplum/fhirtypes';
import {
  type CodeInput,
  expand as expandValueSet,
  lookup as lookupCode,
  ProblemError,
  subsumes as compareCodes,
  translate as translateCode,
  validateCodeInSystem,
  validateCodeInValueSet,
} from '../../../fhir';
import { parseSearch } from '../../../search';
import type { Handler, Operation } from '../interaction';
import type { FhirRequest, FhirResponse } from '../request';
import { readInputs, type Inputs } from './inputs';

/** https://hl7.org/fhir/R4/codesystem-operation-lookup.html */
const lookup: Handler = async (_context, request) => {
  const inputs = readInputs(request, [
    'code',
    'system',
    'version',
    'coding',
    'date',
    'displayLanguage',
    'property',
  ]);
  const properties = inputs.texts('property');
  const coded = await withSystem(request, codeOf(inputs));
  return done(lookupCode({ ...coded, ...(properties.length > 0 && { property: properties }) }));
};

const CODE_INPUTS = [
  'url',
  'code',
  'system',
  'systemVersion',
  'version',
  'display',
  'coding',
  'codeableConcept',
  'date',
  'abstract',
  'displayLanguage',
];

/** https://hl7.org/fhir/R4/codesystem-operation-validate-code.html */
const validateInSystem: Handler = async (_context, request) => {
  const inputs = readInputs(request, [...CODE_INPUTS, 'codeSystem']);
  const stored = await own<CodeSystem>(request, 'CodeSystem', inputs.text('url'));
  const codeSystem = inputs.resource<CodeSystem>('codeSystem', 'CodeSystem') ?? stored;
  return done(
    validateCodeInSystem({ ...checkedCode(inputs), ...(codeSystem !== undefined && { codeSystem }) }),
  );
};

/** https://hl7.org/fhir/R4/valueset-operation-validate-code.html */
const validateInValueSet: Handler = async (_context, request) => {
  const inputs = readInputs(request, [...CODE_INPUTS, 'valueSet', 'valueSetVersion', 'context']);
  const stored = await own<ValueSet>(request, 'ValueSet', inputs.text('url'));
  const valueSet = inputs.resource<ValueSet>('valueSet', 'ValueSet') ?? stored;
  return done(
    validateCodeInValueSet({ ...checkedCode(inputs), ...(valueSet !== undefined && { valueSet }) }),
  );
};

/** https://hl7.org/fhir/R4/valueset-operation-expand.html */
const expand: Handler = async (_context, request) => {
  const inputs = readInputs(
    request,
    [
      'url',
      'valueSet',
      'valueSetVersion',
      'filter',
      'offset',
      'count',
      'includeDesignations',
      'date',
      'activeOnly',
      'displayLanguage',
      'context',
      'contextDirection',
    ],
    'valueSet',
  );
  const url = inputs.text('url');
  const valueSet =
    inputs.resource<ValueSet>('valueSet', 'ValueSet') ?? (await own<ValueSet>(request, 'ValueSet', url));
  const filter = inputs.text('filter');
  const offset = inputs.number('offset');
  const count = inputs.number('count');
  const includeDesignations = inputs.flag('includeDesignations');
  return done(
    expandValueSet({
      ...(url !== undefined && { url }),
      ...(valueSet !== undefined && { valueSet }),
      ...(filter !== undefined && { filter }),
      ...(offset !== undefined && { offset }),
      ...(count !== undefined && { count }),
      ...(includeDesignations !== undefined && { includeDesignations }),
    }),
  );
};

/** https://hl7.org/fhir/R4/conceptmap-operation-translate.html */
const translate: Handler = async (_context, request) => {
  const inputs = readInputs(request, [
    'url',
    'conceptMap',
    'conceptMapVersion',
    'code',
    'system',
    'version',
    'source',
    'coding',
    'codeableConcept',
    'target',
    'targetsystem',
    'reverse',
  ]);
  const conceptMap =
    inputs.resource<ConceptMap>('conceptMap', 'ConceptMap') ??
    (await own<ConceptMap>(request, 'ConceptMap', inputs.text('url')));
  const concept = inputs.concept('codeableConcept');
  const reverse = inputs.flag('reverse');
  return done(
    translateCode({
      ...codeOf(inputs),
      ...picked(inputs, ['url', 'source', 'target', 'targetsystem']),
      ...(conceptMap !== undefined && { conceptMap }),
      ...(concept !== undefined && { codeableConcept: concept }),
      ...(reverse !== undefined && { reverse }),
    }),
  );
};

/** https://hl7.org/fhir/R4/codesystem-operation-subsumes.html */
const subsumes: Handler = async (_context, request) => {
  const inputs = readInputs(request, ['codeA', 'codeB', 'system', 'version', 'codingA', 'codingB']);
  const side = (letter: 'A' | 'B') => {
    const coding = inputs.coding(`coding${letter}`);
    return coding === undefined
      ? { ...picked(inputs, ['system']), ...renamed(inputs, `code${letter}`) }
      : { coding };
  };
  return done(compareCodes(await withSystem(request, side('A')), await withSystem(request, side('B'))));
};

/** The code with its system's resource, where a client stored one. */
async function withSystem<T extends CodeInput>(request: FhirRequest, input: T): Promise<T> {
  const stored = await own<CodeSystem>(request, 'CodeSystem', input.coding?.system ?? input.system);
  return stored === undefined ? input : { ...input, codeSystem: stored };
}

function done(resource: Resource): FhirResponse {
  return { status: 200, resource };
}

/** The resource that the operation was invoked on, or one that a client stored under the canonical URL. */
async function own<T extends Resource>(
  request: FhirRequest,
  type: ResourceType,
  url: string | undefined,
): Promise<T | undefined> {
  const { viewer } = request.x.principal;
  if (request.id !== undefined) {
    const found = await request.records.read<T>(viewer, type, request.id);
    if (found === undefined || found.deleted)
      throw new ProblemError('not-found', `There is no ${type} with this id.`);
    return found.resource;
  }
  if (url === undefined) return undefined;
  const [canonical = '', version] = url.split('|');
  const pairs: [string, string][] = [
    ['url', canonical],
    ['_count', '1'],
    ['_sort', '-_lastUpdated'],
  ];
  if (version !== undefined) pairs.push(['version', version]);
  const { matches } = await request.records.search(viewer, parseSearch(type, pairs));
  return matches[0]?.resource as T | undefined;
}

function codeOf(inputs: Inputs) {
  const coding = inputs.coding('coding');
  return { ...picked(inputs, ['code', 'system', 'version']), ...(coding !== undefined && { coding }) };
}

function checkedCode(inputs: Inputs) {
  const codeableConcept = inputs.concept('codeableConcept');
  return {
    ...codeOf(inputs),
    ...picked(inputs, ['url', 'display']),
    ...(codeableConcept !== undefined && { codeableConcept }),
  };
}

function picked<K extends string>(inputs: Inputs, names: readonly K[]): Partial<Record<K, string>> {
  return Object.fromEntries(
    names.flatMap((name) => (inputs.text(name) === undefined ? [] : [[name, inputs.text(name)]])),
  ) as Partial<Record<K, string>>;
}

function renamed(inputs: Inputs, name: string): { code?: string } {
  const code = inputs.text(name);
  return code === undefined ? {} : { code };
}

const R4 = 'http://hl7.org/fhir/OperationDefinition';
const base = { system: false, type: true, instance: true, safe: true, permission: 'r' } as const;

/** Terminology over what R4, US Core and fhir-profiles/ ship, and what clients store. https://hl7.org/fhir/R4/terminology-service.html */
export const TERMINOLOGY: readonly Operation[] = [
  {
    ...base,
    name: 'lookup',
    definition: `${R4}/CodeSystem-lookup`,
    types: ['CodeSystem'],
    instance: false,
    handle: lookup,
  },
  {
    ...base,
    name: 'subsumes',
    definition: `${R4}/CodeSystem-subsumes`,
    types: ['CodeSystem'],
    handle: subsumes,
  },
  {
    ...base,
    name: 'validate-code',
    definition: `${R4}/CodeSystem-validate-code`,
    types: ['CodeSystem'],
    handle: validateInSystem,
  },
  {
    ...base,
    name: 'validate-code',
    definition: `${R4}/ValueSet-validate-code`,
    types: ['ValueSet'],
    handle: validateInValueSet,
  },
  { ...base, name: 'expand', definition: `${R4}/ValueSet-expand`, types: ['ValueSet'], handle: expand },
  {
    ...base,
    name: 'translate',
    definition: `${R4}/ConceptMap-translate`,
    types: ['ConceptMap'],
    handle: translate,
  },
];
