/** What one validation carries along, and how an issue is written. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';

export type Json = Record<string, unknown>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export interface Context {
  issues: OperationOutcomeIssue[];
  /** Names and list positions from the root to the element at hand. */
  path: (string | number)[];
  /** `%rootResource`: the resource, or the container of a contained one. */
  root: Json;
  /** `%resource`. */
  resource: Json;
  inBundle: boolean;
  /** Whether invariants are evaluated too. */
  invariants: boolean;
}

/** The FHIRPath of the element at hand, with indexes. */
function expressionOf(path: readonly (string | number)[]): string {
  let text = '';
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : text === '' ? part : `.${part}`;
  return text;
}

/**
 * Adds an issue at the element at hand or at a child of it. `diagnostics` names rules, never values (PHI).
 */
export function report(
  context: Context,
  code: OperationOutcomeIssue['code'],
  diagnostics: string,
  child?: string,
  severity: OperationOutcomeIssue['severity'] = 'error',
): void {
  const here = expressionOf(context.path);
  context.issues.push({
    severity,
    code,
    diagnostics,
    expression: [child === undefined ? here : `${here}.${child}`],
  });
}
