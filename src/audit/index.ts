/** The audit trail: what everybody did, provable. docs/compliance.md */
export { createAudit, type Audit, type AuditOptions, type ExportRequest, type PreparedExport } from './audit';
export type { AuditDraft, AuditTrail } from './draft';
export { toAuditEvent, type Deployment } from './event';
export { FILTERS, type FilterQuery, type Lookups } from './export/filter';
export { LAYOUTS } from './export/layout';
export { runVerify, verifyFile, type Checkpoint, type Format, type PublicJwk, type Verdict } from './verify';
