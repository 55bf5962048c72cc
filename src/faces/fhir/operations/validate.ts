import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { outcomeOf, ProblemError, validateResource } from '../../../fhir';
import type { Handler, Operation } from '../interaction';
import type { FhirRequest } from '../request';
import { readInputs } from './inputs';

const MODES = ['create', 'update', 'delete', 'profile'];

/** Judges a resource without storing it. https://hl7.org/fhir/R4/resource-operation-validate.html */
const validate: Handler = async (_context, request) => {
  const inputs = readInputs(request, ['resource', 'mode', 'profile'], 'resource');
  const mode = inputs.text('mode');
  if (mode !== undefined && !MODES.includes(mode))
    throw new ProblemError('malformed', `mode must be one of ${MODES.join(', ')}.`);
  const resource = inputs.unjudged('resource') ?? (await stored(request));
  const issues =
    mode === 'delete'
      ? []
      : [
          ...judged(request, mode, resource),
          ...validateResource(resource, { profiles: inputs.texts('profile') }),
        ];
  const all: OperationOutcomeIssue[] =
    issues.length > 0
      ? issues
      : [{ severity: 'information', code: 'informational', diagnostics: 'The resource is valid.' }];
  return { status: 200, resource: outcomeOf(all) };
};

/** What the mode asks besides validity. */
function judged(request: FhirRequest, mode: string | undefined, resource: Resource): OperationOutcomeIssue[] {
  const issues: OperationOutcomeIssue[] = [];
  const error = (diagnostics: string): void =>
    void issues.push({
      severity: 'error',
      code: 'invalid',
      diagnostics,
      expression: [resource.resourceType],
    });
  if (request.type !== undefined && resource.resourceType !== request.type)
    error(`The resource is not a ${request.type}.`);
  if (mode === 'update' && resource.id === undefined) error('An update needs an id.');
  if (mode === 'update' && request.id !== undefined && resource.id !== request.id)
    error('The id is not the one in the path.');
  return issues;
}

async function stored(request: FhirRequest): Promise<Resource> {
  const { type, id } = request;
  if (type === undefined || id === undefined)
    throw new ProblemError('malformed', 'Send the resource to validate.');
  const found = await request.records.read(request.x.principal.viewer, type, id);
  if (found === undefined || found.deleted)
    throw new ProblemError('not-found', `There is no ${type} with this id.`);
  return found.resource;
}

export const VALIDATE: readonly Operation[] = [
  {
    name: 'validate',
    definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate',
    system: false,
    types: 'all',
    type: true,
    instance: true,
    safe: false,
    permission: 'r',
    handle: validate,
  },
];
