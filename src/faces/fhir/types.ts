/** Types that are values of requests and answers and cannot be stored. */
export const TRANSIENT: ReadonlySet<string> = new Set(['Parameters', 'OperationOutcome']);

/** Types that only the server writes: the audit trail is changed through no face. */
export const READ_ONLY: ReadonlySet<string> = new Set(['AuditEvent']);
