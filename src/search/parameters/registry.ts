/** The parameters of every type: R4's, the packages', ours, and those that clients posted. */
import type { ResourceType, SearchParameter } from '@medplum/fhirtypes';
import {
  FhirPathSyntaxError,
  ProblemError,
  compileTypedFhirPath,
  isResourceType,
  searchParametersOf,
} from '../../fhir';
import { compositeForms } from './composite';
import { isContentIndexed } from './content';
import { parseExpression } from './expression';
import { type Parameter, type TypeLayout, layoutOf } from './layout';

const layouts = new Map<string, TypeLayout>();
const posted = new Map<string, SearchParameter>();
let version = 0;

/** The layout of a type; made at its first use. */
export function layout(type: string): TypeLayout {
  const known = layouts.get(type);
  if (known !== undefined) return known;
  const made = layoutOf(
    type,
    [...posted.values()].filter(({ base }) => base?.includes(type as ResourceType)),
  );
  layouts.set(type, made);
  return made;
}

/** A parameter of a type by its code. */
export function parameterOf(type: string, code: string): Parameter | undefined {
  return layout(type).parameters.get(code);
}

function refuse(expression: string, diagnostics: string): never {
  throw new ProblemError('invalid', diagnostics, {
    issues: [{ severity: 'error', code: 'invalid', expression: [expression], diagnostics }],
  });
}

/** @throws ProblemError 422 naming the element that makes a posted parameter unusable. */
export function checkSearchParameter(resource: SearchParameter): void {
  const { code, base = [], type, expression } = resource;
  if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(code ?? ''))
    refuse(
      'SearchParameter.code',
      'The code must begin with a letter and hold letters, digits and dashes only.',
    );
  if (type === 'special') refuse('SearchParameter.type', 'Parameters of type special cannot be added.');
  if (expression === undefined)
    refuse('SearchParameter.expression', 'The parameter has no expression to index by.');
  for (const each of base) {
    if (!isResourceType(each))
      refuse('SearchParameter.base', `${each} is not a resource type that can be searched.`);
    const known = searchParametersOf(each).get(code ?? '');
    if (known !== undefined && known.url !== resource.url)
      refuse('SearchParameter.code', `${each} already has a search parameter of this code.`);
    checkExpression(resource, each, expression ?? '');
  }
}

/** An expression must be FHIRPath and lead somewhere: otherwise every search by it would find nothing. */
function checkExpression(resource: SearchParameter, base: string, expression: string): void {
  const { branches, evaluated } = parseExpression(expression, base);
  if (branches.length === 0 && evaluated.length === 0)
    refuse('SearchParameter.expression', `The expression leads to no element of ${base}.`);
  try {
    evaluated.forEach((text) => compileTypedFhirPath(text));
  } catch (error) {
    if (!(error instanceof FhirPathSyntaxError)) throw error;
    refuse('SearchParameter.expression', 'The expression is not FHIRPath.');
  }
  if (resource.type === 'composite' && compositeForms(resource, base).length === 0)
    refuse('SearchParameter.component', 'The components are not parameters that this server can join.');
}

/** What identifies a posted parameter: its id, else its URL. */
const nameOf = (resource: SearchParameter): string => resource.id ?? resource.url ?? '';

function changed(types: readonly string[]): void {
  for (const type of types) layouts.delete(type);
  version++;
}

/**
 * Takes a posted SearchParameter into use, or a new version of it. Documents written before need a reindex of the
 * types returned until a search by it is complete.
 * @returns the types whose layout changed; empty when the parameter is one that we know anyway.
 * @throws ProblemError 422 naming the element that cannot be used.
 */
export function registerSearchParameter(resource: SearchParameter): ResourceType[] {
  checkSearchParameter(resource);
  const before = posted.get(nameOf(resource));
  const bases = (resource.base ?? []) as ResourceType[];
  if (bases.every((base) => searchParametersOf(base).has(resource.code ?? '')) && before === undefined)
    return [];
  posted.set(nameOf(resource), resource);
  const types = [...new Set([...bases, ...((before?.base ?? []) as ResourceType[])])];
  changed(types);
  return types;
}

/** Takes a posted SearchParameter out of use; its entries are ignored from now on. */
export function unregisterSearchParameter(id: string): void {
  const resource = posted.get(id);
  if (resource === undefined) return;
  posted.delete(id);
  changed(resource.base ?? []);
}

/** Counts the changes of posted parameters: whoever keeps compiled things compares it. */
export function registryVersion(): number {
  return version;
}

/** What a document's entries were made by; equal for documents that need no reindex. */
export function indexVersion(type: ResourceType): string {
  return isContentIndexed(type) ? `${layout(type).version}+` : layout(type).version;
}
