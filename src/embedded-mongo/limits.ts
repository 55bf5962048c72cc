/** How long things are kept that nobody uses, and how often that is looked at; all in milliseconds. */
export interface Limits {
  /** An open transaction is aborted (MongoDB's transactionLifetimeLimitSeconds). */
  transaction: number;
  /** A cursor that nobody asks is closed (cursorTimeoutMillis). */
  cursor: number;
  /** What a session's retryable writes answered is forgotten (logicalSessionTimeoutMinutes). */
  session: number;
  /** Between two looks at transactions and cursors. */
  sweep: number;
  /** Between two looks for documents under a TTL index (ttlMonitorSleepSecs). */
  ttl: number;
  /** Between two looks at sessions. */
  sessions: number;
}

export const LIMITS: Limits = {
  transaction: 60_000,
  cursor: 600_000,
  session: 30 * 60_000,
  sweep: 1000,
  ttl: 15_000,
  sessions: 60_000,
};
