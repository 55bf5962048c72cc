import type { ProblemCode, ProblemError } from '../../fhir';
import { challengeOf, type Exchange, type Reply } from '../../http';

/** HandoffRx documents 401, 403, 404, 422 and 500; what the document has no status for becomes the nearest of them. */
const STATUS: Readonly<Record<ProblemCode, number>> = {
  malformed: 422,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  gone: 404,
  'method-not-allowed': 404,
  'not-acceptable': 422,
  'unsupported-media-type': 422,
  conflict: 409,
  'precondition-failed': 409,
  'too-large': 413,
  invalid: 422,
  'rate-limited': 429,
  internal: 500,
  unavailable: 503,
};

/** "All errors return a JSON object with an error field describing the issue." HandoffRx, "Errors". */
export function renderError(problem: ProblemError, x: Exchange): Reply {
  const status = STATUS[problem.code];
  const error =
    status === 500 ? `Internal error: contact support with request id ${x.requestId}` : problem.message;
  return { status, headers: { ...challengeOf(status), ...problem.headers }, body: { error } };
}
