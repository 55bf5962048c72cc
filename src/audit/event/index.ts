export type { Deployment } from './agents';
export { canonicalEvent, toAuditEvent } from './event';
export { accountsOf, countOfAccounts } from './accounts';
