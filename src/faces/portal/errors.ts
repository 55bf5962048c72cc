import type { ProblemError } from '../../fhir';
import type { Exchange, Reply } from '../../http';

/** A refusal as the dashboard reads it: `details` names the fields of a form. */
export function renderError(problem: ProblemError, x: Exchange): Reply {
  const details = problem.issues.flatMap(({ expression = [], diagnostics = '' }) =>
    expression.map((field) => ({ field, message: diagnostics })),
  );
  return {
    status: problem.status,
    headers: problem.headers,
    body: {
      error: {
        code: problem.vendorCode ?? problem.code,
        message: problem.message,
        details,
        requestId: x.requestId,
      },
    },
  };
}
