/** The audit trail: what everybody did, provable. docs/compliance.md */
export { createAudit, type Audit, type AuditOptions, type ExportRequest, type PreparedExport } from './audit';
export { newEventId, type AuditDraft, type AuditTrail } from './draft';
export { toAuditEvent, type Deployment } from './event';
export { FILTERS, type FilterQuery, type Lookups, type ReferralFacts } from './export/filter';
export type { ExportResult } from './export/export';
export { withFreshEvents } from './fresh';
export { LAYOUTS } from './export/layout';
export { referralFactsIn } from './lookups';
export {
  REPORT_TYPES,
  REPORTS,
  renderReport,
  summaryPdf,
  type Report,
  type ReportFormat,
  type ReportName,
} from './report';
export type { Pruned, Retention } from './retention';
export { runVerify, verifyFile, type Checkpoint, type Format, type PublicJwk, type Verdict } from './verify';
export { auditRules } from './rules';
