/** Search parameters of R4, of the packages we ship and ours. https://hl7.org/fhir/R4/searchparameter-registry.html */
import type { SearchParameter } from '@medplum/fhirtypes';
import { ownDefinitions } from './canonicals';
import { readCompiled } from './files';
import { typeDefinition } from './types';

let all: readonly SearchParameter[] | undefined;
let byBase: Map<string, Map<string, SearchParameter>> | undefined;
const byType = new Map<string, ReadonlyMap<string, SearchParameter>>();

/**
 * Every known SearchParameter, R4's first, then the packages', then ours. A package repeats codes of R4
 * under its own URL (`us-core-patient-name`): those are in here and resolve by URL, not by code.
 */
function searchParameters(): readonly SearchParameter[] {
  all ??= [
    ...(readCompiled('search-parameters.json') as SearchParameter[]),
    ...ownDefinitions().filter(
      (resource): resource is SearchParameter => resource.resourceType === 'SearchParameter',
    ),
  ];
  return all;
}

function parametersByBase(): Map<string, Map<string, SearchParameter>> {
  if (byBase === undefined) {
    byBase = new Map();
    for (const parameter of searchParameters()) {
      for (const base of parameter.base ?? []) {
        const codes = byBase.get(base) ?? new Map<string, SearchParameter>();
        if (!codes.has(parameter.code)) codes.set(parameter.code, parameter);
        byBase.set(base, codes);
      }
    }
  }
  return byBase;
}

/** The parameters of a resource type by code, those of Resource and DomainResource included. */
export function searchParametersOf(resourceType: string): ReadonlyMap<string, SearchParameter> {
  const known = byType.get(resourceType);
  if (known !== undefined) return known;
  const found = new Map<string, SearchParameter>();
  for (let type: string | undefined = resourceType; type !== undefined; type = typeDefinition(type)?.base) {
    for (const [code, parameter] of parametersByBase().get(type) ?? [])
      if (!found.has(code)) found.set(code, parameter);
  }
  byType.set(resourceType, found);
  return found;
}

let byUrl: ReadonlyMap<string, SearchParameter> | undefined;

/** A parameter by its canonical URL (components of composites name theirs so). */
export function searchParameterByUrl(url: string): SearchParameter | undefined {
  byUrl ??= new Map(searchParameters().map((parameter) => [parameter.url ?? '', parameter]));
  return byUrl.get(url);
}
