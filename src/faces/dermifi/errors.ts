import type { ProblemCode, ProblemError } from '../../fhir';
import { challengeOf, type Exchange, type Reply } from '../../http';

/** Statuses of the document ("HTTP Response Codes") and their codes; what it has no status for becomes the nearest. */
const RENDERED: Readonly<Record<ProblemCode, { status: number; code: string }>> = {
  malformed: { status: 400, code: 'BAD_REQUEST' },
  'not-acceptable': { status: 400, code: 'BAD_REQUEST' },
  'unsupported-media-type': { status: 400, code: 'BAD_REQUEST' },
  unauthorized: { status: 401, code: 'UNAUTHORIZED' },
  forbidden: { status: 403, code: 'FORBIDDEN' },
  'not-found': { status: 404, code: 'NOT_FOUND' },
  gone: { status: 404, code: 'NOT_FOUND' },
  'method-not-allowed': { status: 404, code: 'NOT_FOUND' },
  conflict: { status: 409, code: 'CONFLICT' },
  'precondition-failed': { status: 409, code: 'CONFLICT' },
  'too-large': { status: 413, code: 'PAYLOAD_TOO_LARGE' },
  invalid: { status: 422, code: 'VALIDATION_ERROR' },
  'rate-limited': { status: 429, code: 'RATE_LIMIT_EXCEEDED' },
  internal: { status: 500, code: 'INTERNAL_ERROR' },
  unavailable: { status: 503, code: 'SERVICE_UNAVAILABLE' },
};

/** Seconds after which to try again where the problem itself does not say. */
const RETRY_AFTER = '5';

/** Dermifi, "Error Response Format". `details` names the fields that are at fault; it is always a list. */
export function renderError(problem: ProblemError, x: Exchange): Reply {
  const { status, code } = RENDERED[problem.code];
  const details = problem.issues.flatMap(({ expression = [], diagnostics = '' }) =>
    expression.map((field) => ({ field, message: diagnostics })),
  );
  return {
    status,
    headers: {
      ...(status === 503 && { 'Retry-After': RETRY_AFTER }),
      ...challengeOf(status),
      ...problem.headers,
    },
    body: {
      error: {
        code: problem.vendorCode ?? code,
        message: problem.message,
        details,
        requestId: x.requestId,
        timestamp: `${new Date().toISOString().slice(0, 19)}Z`,
      },
    },
  };
}
