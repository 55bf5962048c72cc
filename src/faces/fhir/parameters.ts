import { ProblemError } from '../../fhir';
import type { FhirRequest } from './request';

/**
 * Refuses query parameters that mean nothing to an interaction, all by name; `handling=lenient` lets them be.
 * @param known undefined for interactions that read their parameters themselves (search, history, operations).
 */
export function refuseUnknownParameters(request: FhirRequest, known: readonly string[] | undefined): void {
  if (known === undefined || request.prefer.lenient) return;
  const unknown = [...new Set(request.query.map(([name]) => name))].filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  const takes = known.length === 0 ? 'none' : known.join(', ');
  throw new ProblemError('malformed', `Unknown parameter(s): ${unknown.join(', ')}. Known here: ${takes}.`, {
    issues: unknown.map((name) => ({
      severity: 'error',
      code: 'not-supported',
      diagnostics: `${name}: This parameter means nothing here. Known here: ${takes}.`,
      location: [`http.${name}`],
    })),
  });
}
