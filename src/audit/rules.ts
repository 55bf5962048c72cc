import { ProblemError } from '../fhir';
import type { WriteRule } from '../store';

/** What was recorded stays: an AuditEvent, ours or one that a client reported, is never changed or deleted through a face. */
export const auditRules: readonly WriteRule[] = [
  {
    type: 'AuditEvent',
    apply: ({ previous, next }) => {
      if (previous === undefined && next !== undefined) return Promise.resolve([]);
      throw new ProblemError('method-not-allowed', 'Audit events cannot be changed or deleted.', {
        headers: { Allow: 'GET, HEAD' },
      });
    },
  },
];
