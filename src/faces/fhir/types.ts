/** Types that are values of requests and answers and cannot be stored. */
export const TRANSIENT: ReadonlySet<string> = new Set(['Parameters', 'OperationOutcome']);

/** Types that are written once: what was recorded is changed through no face. */
export const APPEND_ONLY: ReadonlySet<string> = new Set(['AuditEvent']);
