import type { Resource } from '@medplum/fhirtypes';
import { ProblemError, validateResource } from '../fhir';
import { referralMapping, type ReferralResources } from './mapping';

/**
 * Holds the resources of a referral to R4 and to our profiles before they are written.
 * @throws ProblemError invalid (422) naming the fields of the API that the faults come from, without values.
 */
export function requireSound(resources: ReferralResources): void {
  const faults = Object.entries(resources).flatMap(([name, resource]: [string, Resource]) =>
    validateResource(resource)
      .filter(({ severity }) => severity === 'error' || severity === 'fatal')
      .map((issue) => {
        const expression = issue.expression?.[0] ?? resource.resourceType;
        const field = referralMapping.fieldAt(name, expression) ?? expression;
        return { issue, message: `${field} is not valid: ${issue.diagnostics ?? issue.code ?? ''}` };
      }),
  );
  if (faults.length === 0) return;
  const messages = [...new Set(faults.map(({ message }) => message))].join('; ');
  throw new ProblemError('invalid', messages, { issues: faults.map(({ issue }) => issue) });
}
