import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';

/** The kinds of failure a caller can meet; each face maps them onto its own documented codes. */
export type ProblemCode =
  | 'malformed' // 400: not JSON, not FHIR, a wrong query parameter
  | 'unauthorized' // 401
  | 'forbidden' // 403
  | 'not-found' // 404
  | 'gone' // 410
  | 'method-not-allowed' // 405
  | 'not-acceptable' // 406
  | 'unsupported-media-type' // 415
  | 'conflict' // 409
  | 'precondition-failed' // 412
  | 'too-large' // 413
  | 'invalid' // 422: well-formed but breaks a rule
  | 'rate-limited' // 429
  | 'internal' // 500
  | 'unavailable'; // 503

const STATUS: Record<ProblemCode, number> = {
  malformed: 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  gone: 410,
  'method-not-allowed': 405,
  'not-acceptable': 406,
  'unsupported-media-type': 415,
  conflict: 409,
  'precondition-failed': 412,
  'too-large': 413,
  invalid: 422,
  'rate-limited': 429,
  internal: 500,
  unavailable: 503,
};

const ISSUE_CODE: Record<ProblemCode, OperationOutcomeIssue['code']> = {
  malformed: 'structure',
  unauthorized: 'login',
  forbidden: 'forbidden',
  'not-found': 'not-found',
  gone: 'deleted',
  'method-not-allowed': 'not-supported',
  'not-acceptable': 'not-supported',
  'unsupported-media-type': 'not-supported',
  conflict: 'conflict',
  'precondition-failed': 'conflict',
  'too-large': 'too-long',
  invalid: 'invalid',
  'rate-limited': 'throttled',
  internal: 'exception',
  unavailable: 'transient',
};

export interface ProblemOptions {
  /** All issues found, at once. Default: one issue carrying the message. */
  issues?: OperationOutcomeIssue[];
  /** Response headers that belong to the failure (Retry-After, Allow, WWW-Authenticate). */
  headers?: Record<string, string>;
  /** A face's own documented code where the kind alone does not decide it, e.g. `MFA_REQUIRED`. */
  vendorCode?: string;
  cause?: unknown;
}

/**
 * The one family of errors. Services throw it, faces render it; nothing else decides an HTTP status.
 * Messages never carry PHI: they name fields and rules, not values.
 */
export class ProblemError extends Error {
  readonly status: number;
  readonly issues: OperationOutcomeIssue[];
  readonly headers: Record<string, string>;
  readonly vendorCode: string | undefined;

  constructor(
    readonly code: ProblemCode,
    message: string,
    options: ProblemOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'ProblemError';
    this.status = STATUS[code];
    this.issues = options.issues ?? [{ severity: 'error', code: ISSUE_CODE[code], diagnostics: message }];
    this.headers = options.headers ?? {};
    this.vendorCode = options.vendorCode;
  }
}

/** What is wrong with one field of a vendor's request; says no value. */
export interface FieldProblem {
  /** Path such as `insurance.copay` or `items[0].quantity`. */
  field: string;
  message: string;
}

/** A problem with fields of a request, all at once: one issue each, its expression the field. */
export function fieldProblem(
  code: ProblemCode,
  message: string,
  fields: readonly FieldProblem[],
): ProblemError {
  return new ProblemError(code, message, {
    issues: fields.map((one) => ({
      severity: 'error',
      code: ISSUE_CODE[code],
      diagnostics: one.message,
      expression: [one.field],
    })),
  });
}

/** The OperationOutcome of a set of issues. https://hl7.org/fhir/R4/operationoutcome.html */
export function outcomeOf(issues: OperationOutcomeIssue[]): OperationOutcome {
  return { resourceType: 'OperationOutcome', issue: issues };
}
