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

/** A parameter whose value cannot be meant. */
export function refuseParameter(name: string, message: string): ProblemError {
  const diagnostics = `${name}: ${message}`;
  return new ProblemError('malformed', diagnostics, {
    issues: [{ severity: 'error', code: 'invalid', diagnostics, location: [`http.${name}`] }],
  });
}

/** The value of a parameter that may be given once. @throws ProblemError 400 when it is given again */
export function single(request: Pick<FhirRequest, 'query'>, name: string): string | undefined {
  const [value, ...more] = request.query.filter(([each]) => each === name).map(([, each]) => each);
  if (more.length > 0) throw refuseParameter(name, 'It may be given once only.');
  return value;
}
