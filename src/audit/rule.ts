/** Events stay as they were written, whichever face is asked to change them. */
import { ProblemError } from '../fhir';
import type { WriteRule } from '../store';

/** For the store: refuses to change or delete an AuditEvent. @throws ProblemError method-not-allowed */
export const auditEventRule: WriteRule = {
  type: 'AuditEvent',
  apply: ({ previous }) => {
    if (previous === undefined) return Promise.resolve([]);
    const headers = { Allow: 'GET, HEAD, POST' };
    return Promise.reject(
      new ProblemError('method-not-allowed', 'Audit events are never changed or deleted.', { headers }),
    );
  },
};
