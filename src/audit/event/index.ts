export type { Deployment } from './agents';
export { toAuditEvent } from './event';
