import type { Resource } from '@medplum/fhirtypes';
import { fieldProblem, validateResource } from '../fhir';
import type { Bound, Mapping } from './mapping';

/** What a vendor API says first of a request whose fields do not fit. */
const INVALID = 'Invalid request parameters';

/**
 * The FHIR form of vendor values, as `Mapping.write`.
 * @throws ProblemError invalid (422) naming the fields that cannot be mapped, without values.
 */
export function mapped(
  mapping: Mapping,
  values: Readonly<Record<string, unknown>>,
  existing?: Bound,
): Record<string, unknown> {
  const { bound, issues } = mapping.write(values, existing);
  if (issues.length === 0) return bound;
  const fields = issues.map(({ field, expected }) => ({ field, message: `Must be ${expected}` }));
  throw fieldProblem('invalid', INVALID, fields);
}

/**
 * Holds mapped resources (or lists of them) to R4 and to our profiles before they are written.
 * @throws ProblemError invalid (422) naming the vendor fields that the faults come from, without values.
 */
export function requireSound(
  mapping: Mapping,
  resources: Readonly<Record<string, Resource | readonly Resource[] | undefined>>,
): void {
  const fields = Object.entries(resources).flatMap(([name, given]) =>
    [given ?? []].flat().flatMap((resource: Resource) =>
      validateResource(resource)
        .filter(({ severity }) => severity === 'error' || severity === 'fatal')
        .map((issue) => {
          const expression = issue.expression?.[0] ?? resource.resourceType;
          const field = mapping.fieldAt(name, expression) ?? expression;
          return { field, message: issue.diagnostics ?? issue.code ?? 'Not valid' };
        }),
    ),
  );
  if (fields.length > 0) throw fieldProblem('invalid', INVALID, fields);
}
