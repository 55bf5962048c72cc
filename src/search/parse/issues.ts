/** What is wrong with a query: gathered, so that a client is told everything at once. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { ProblemError } from '../../fhir';

export interface Issue {
  parameter: string;
  message: string;
  code: 'not-supported' | 'invalid' | 'not-found';
}

/** What parsing a value may need to know. */
export interface ParseContext {
  /** The parameter as the client wrote it. */
  name: string;
  /** Without a closing slash. */
  baseUrl: string | undefined;
  issues: Issue[];
  /** Depth of chains and filters so far. */
  depth: number;
}

/** Deeper queries are refused: each level is a search of its own. */
export const MAX_DEPTH = 12;

export function contextOf(baseUrl: string | undefined): ParseContext {
  return { name: '', baseUrl: baseUrl?.replace(/\/$/, ''), issues: [], depth: 0 };
}

/** Notes an issue with the parameter at hand. Messages never repeat values: they may name patients. */
export function report(context: ParseContext, message: string, code: Issue['code'] = 'invalid'): undefined {
  context.issues.push({ parameter: context.name, message, code });
  return undefined;
}

/** @throws ProblemError 400 with one issue for each thing that is wrong. */
export function refuse(issues: readonly Issue[]): never {
  const message = issues.map((issue) => `${issue.parameter}: ${issue.message}`).join(' ');
  throw new ProblemError('malformed', message, {
    issues: issues.map(({ parameter, message: text, code }): OperationOutcomeIssue => ({
      severity: 'error',
      code,
      diagnostics: `${parameter}: ${text}`,
      location: [`http.${parameter}`],
    })),
  });
}
