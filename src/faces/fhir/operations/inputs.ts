import type { CodeableConcept, Coding, Parameters, ParametersParameter, Resource } from '@medplum/fhirtypes';
import { ProblemError } from '../../../fhir';
import { readResource, soundParameters, soundResource } from '../body';
import type { FhirRequest } from '../request';

/** The inputs of an operation: from the query of a GET, or from the Parameters (or the bare resource) of a POST. */
export interface Inputs {
  text(name: string): string | undefined;
  texts(name: string): string[];
  number(name: string): number | undefined;
  flag(name: string): boolean | undefined;
  coding(name: string): Coding | undefined;
  concept(name: string): CodeableConcept | undefined;
  /** A resource whose elements are of the types that FHIR gives them; of one type, where the operation needs that. */
  resource<T extends Resource = Resource>(name: string, type?: T['resourceType']): T | undefined;
  /** A resource as it was sent. */
  unjudged(name: string): Resource | undefined;
}

/**
 * Reads the inputs; names that the operation does not know are refused, all at once.
 * https://hl7.org/fhir/R4/operations.html#executing
 */
export function readInputs(request: FhirRequest, known: readonly string[], bareResource?: string): Inputs {
  const given = [...fromQuery(request), ...fromBody(request, bareResource)];
  const unknown = [...new Set(given.map(({ name }) => name ?? ''))].filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new ProblemError(
      'malformed',
      `Unknown parameter(s): ${unknown.join(', ')}. This operation knows ${known.join(', ')}.`,
    );
  }
  const all = (name: string): ParametersParameter[] => given.filter((each) => each.name === name);
  const texts = (name: string): string[] => all(name).flatMap((each) => textOf(each) ?? []);
  const text = (name: string): string | undefined => texts(name)[0];
  return {
    text,
    texts,
    number: (name) => numberOf(name, text(name)),
    flag: (name) => flagOf(name, text(name)),
    coding: (name) => all(name)[0]?.valueCoding,
    concept: (name) => all(name)[0]?.valueCodeableConcept,
    resource: <T extends Resource>(name: string, type?: T['resourceType']) => {
      const found = all(name)[0]?.resource;
      if (found !== undefined && type !== undefined && found.resourceType !== type)
        throw new ProblemError('malformed', `${name} must be a ${type}.`);
      return found && (soundResource(found) as T);
    },
    unjudged: (name) => all(name)[0]?.resource,
  };
}

function fromQuery({ query }: FhirRequest): ParametersParameter[] {
  return query.map(([name, valueString]) => ({ name, valueString }));
}

function fromBody(request: FhirRequest, bareResource: string | undefined): ParametersParameter[] {
  if (request.body === undefined) return [];
  const body = readResource(request);
  if (body.resourceType === 'Parameters') return soundParameters(body as Parameters).parameter ?? [];
  if (bareResource !== undefined) return [{ name: bareResource, resource: body }];
  throw new ProblemError('malformed', 'Send the inputs of this operation as a Parameters resource.');
}

/** A primitive input as text, whatever its type. */
function textOf(parameter: ParametersParameter): string | undefined {
  for (const [name, value] of Object.entries(parameter)) {
    if (name.startsWith('value') && typeof value !== 'object') return String(value);
  }
  return undefined;
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new ProblemError('malformed', `${name} must be a whole number from 0.`);
  return Number(text);
}

function flagOf(name: string, text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (text !== 'true' && text !== 'false')
    throw new ProblemError('malformed', `${name} must be true or false.`);
  return text === 'true';
}
