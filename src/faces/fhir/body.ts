import type { OperationOutcomeIssue, Parameters, Resource, ResourceType } from '@medplum/fhirtypes';
import { isResourceType, parseFhirJson, parseFhirXml, ProblemError, validateResource } from '../../fhir';
import type { FhirContext } from './context';
import type { FhirRequest } from './request';

const JSON_TYPES = new Set([
  'application/fhir+json',
  'application/json',
  'text/json',
  'application/json+fhir',
]);
const XML_TYPES = new Set(['application/fhir+xml', 'application/xml', 'text/xml', 'application/xml+fhir']);

/** Media type of a Content-Type or Accept value, without parameters, in lower case. */
export function mediaType(value: string | undefined): string {
  return (value ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** Whether a media type is one of FHIR's own, so that the body is a resource. */
export function isFhirType(type: string): boolean {
  return JSON_TYPES.has(type) || XML_TYPES.has(type);
}

/** The resource in the body, JSON or XML by its Content-Type. 400 when it is neither, 415 for another type. */
export function readResource(request: FhirRequest): Resource {
  const { body } = request;
  if (body === undefined)
    throw new ProblemError('malformed', 'The request has no body; send a FHIR resource.');
  if ('resource' in body) return body.resource;
  const type = mediaType(request.headers.contentType);
  if (body.text.trim() === '')
    throw new ProblemError('malformed', 'The request has no body; send a FHIR resource.');
  if (XML_TYPES.has(type)) return parseFhirXml(body.text);
  if (JSON_TYPES.has(type) || type === '') return known(parseFhirJson(body.text));
  throw new ProblemError('unsupported-media-type', 'Send application/fhir+json or application/fhir+xml.');
}

function known(resource: Resource): Resource {
  if (typeof resource.resourceType !== 'string' || !isResourceType(resource.resourceType)) {
    throw new ProblemError('malformed', 'resourceType is missing or not a FHIR R4 resource type.');
  }
  return resource;
}

/** A resource fit to be stored as `type`: of the right type and valid; the warnings that remain. */
export function acceptResource(
  context: FhirContext,
  resource: Resource,
  type: ResourceType,
): OperationOutcomeIssue[] {
  if (resource.resourceType !== type) {
    throw new ProblemError(
      'malformed',
      `The body is of type ${resource.resourceType}, but the path says ${type}.`,
    );
  }
  const issues = validateResource(resource, { mode: context.validation });
  const errors = issues.filter((issue) => issue.severity === 'error' || issue.severity === 'fatal');
  if (errors.length > 0) {
    throw new ProblemError(
      'invalid',
      `The ${type} breaks ${errors.length} rule(s) of FHIR R4 or its profiles.`,
      { issues },
    );
  }
  return issues;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Parameters with something simple in place of the resources in them, which are judged by who takes them. */
function withoutResources(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutResources);
  if (!isObject(value)) return value;
  const { resource, part, ...rest } = value;
  const isResource = isObject(resource) && typeof resource['resourceType'] === 'string';
  return {
    ...rest,
    ...(part !== undefined && { part: withoutResources(part) }),
    ...(isResource ? { valueBoolean: true } : resource !== undefined && { resource }),
  };
}

/**
 * Parameters that are what FHIR says, so that they can be read as they are typed.
 * @throws ProblemError 400 with everything that is wrong
 */
export function soundParameters(parameters: Parameters): Parameters {
  const { parameter } = parameters;
  if (parameter === undefined || (Array.isArray(parameter) && parameter.length === 0))
    return { resourceType: 'Parameters' };
  const judged = { resourceType: 'Parameters', parameter: withoutResources(parameter) } as Parameters;
  // `#id` in a patch names what the patched resource contains; it is judged there, on the outcome.
  const issues = validateResource(judged).filter(({ diagnostics = '' }) => !diagnostics.startsWith('ref-1:'));
  refuseShapeless(issues, 'The Parameters are not as FHIR R4 defines them.');
  return parameters;
}

/**
 * A resource whose elements are of the types that FHIR gives them; whether it is valid is another question.
 * @throws ProblemError 400 with everything that is not
 */
export function soundResource(resource: Resource): Resource {
  refuseShapeless(
    validateResource(resource).filter(({ code }) => code === 'structure' || code === 'value'),
    'The resource is not as FHIR R4 defines it.',
  );
  return resource;
}

function refuseShapeless(issues: readonly OperationOutcomeIssue[], message: string): void {
  const errors = issues.filter(({ severity }) => severity === 'error' || severity === 'fatal');
  if (errors.length > 0) throw new ProblemError('malformed', message, { issues: errors });
}
