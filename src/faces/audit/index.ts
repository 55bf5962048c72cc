/** `/audit`: exports, reports and public keys for those who review. decisions.md, "Audit" */
import { Readable } from 'node:stream';
import {
  FILTERS,
  LAYOUTS,
  REPORT_TYPES,
  REPORTS,
  renderReport,
  summaryPdf,
  type Audit,
  type FilterQuery,
  type Format,
  type ReportFormat,
  type ReportName,
} from '../../audit';
import { outcomeOf, ProblemError } from '../../fhir';
import { challengeOf, type Exchange, type Face, type MountedFace, type Reply, type Route } from '../../http';
import type { Principal } from '../../identity';

export interface AuditFaceServices {
  audit: Audit;
  /** Whoever shows a bearer token or a dashboard session. @throws ProblemError unauthorized */
  authenticate(x: Exchange): Promise<Principal>;
  /** Whether a client's scopes allow to read (`r`) and to search (`s`) AuditEvents. */
  allows(principal: Principal, type: 'AuditEvent', letter: 'r' | 's'): boolean;
}

/** Exports, reports and public keys of the trail, for reviewers. docs/compliance.md */
export function createAuditFace(services: AuditFaceServices): MountedFace {
  const { audit } = services;
  const authorize = (x: Exchange): void => requireReviewer(services, x);
  const face: Face = {
    name: 'audit',
    bodyLimit: 1024,
    authenticate: services.authenticate,
    renderError: (problem) => ({
      status: problem.status,
      headers: {
        ...challengeOf(problem.status),
        ...problem.headers,
        'Content-Type': 'application/fhir+json; charset=utf-8',
      },
      body: outcomeOf(problem.issues),
    }),
  };
  const routes: Route[] = [
    {
      method: 'get',
      path: '/export',
      interaction: 'export',
      action: 'E',
      authorize,
      handle: (x) => exportTo(audit, x),
    },
    {
      method: 'get',
      path: '/report/:name',
      interaction: 'export',
      action: 'E',
      authorize,
      handle: (x) => report(audit, x),
    },
    {
      method: 'get',
      path: '/keys',
      interaction: 'capabilities',
      action: 'R',
      open: true,
      unaudited: true,
      handle: async () => ({
        status: 200,
        headers: { 'Cache-Control': 'public, max-age=300', 'Content-Type': 'application/jwk-set+json' },
        body: { keys: await audit.publicKeys() },
      }),
    },
  ];
  return { at: '/audit', face, routes };
}

/** Users with the role compliance, and clients that may read and search AuditEvents. */
function requireReviewer({ allows }: AuditFaceServices, x: Exchange): void {
  const { principal } = x;
  x.audit.query = x.req.originalUrl;
  const allowed =
    principal.kind === 'user'
      ? principal.role === 'compliance'
      : principal.kind === 'client' &&
        allows(principal, 'AuditEvent', 'r') &&
        allows(principal, 'AuditEvent', 's');
  if (!allowed)
    throw new ProblemError(
      'forbidden',
      'The audit trail is for users with the role compliance, and for clients with the scope system/AuditEvent.rs.',
    );
}

/** Parameters by name, each once. @throws ProblemError malformed naming all that are not known. */
function parametersOf(x: Exchange, more: readonly string[]): Record<string, string> {
  const given = new URLSearchParams(x.req.originalUrl.split('?').slice(1).join('?'));
  const names = [...new Set(given.keys())];
  const known: readonly string[] = [...FILTERS, ...more];
  const wrong = names.filter((name) => !known.includes(name) || given.getAll(name).length > 1);
  if (wrong.length > 0) {
    throw new ProblemError(
      'malformed',
      `Unknown or repeated parameter: ${wrong.join(', ')}. There are: ${known.join(', ')}.`,
    );
  }
  return Object.fromEntries(given);
}

/** The filter as asked. Who belongs to a practice sees what that practice did, and nothing else. */
function filterOf(parameters: Record<string, string>, { practice }: Principal): FilterQuery {
  const filter: FilterQuery = Object.fromEntries(
    FILTERS.flatMap((name) => (parameters[name] === undefined ? [] : [[name, parameters[name]]])),
  );
  if (practice === undefined) return filter;
  if (filter.practice !== undefined && filter.practice !== practice) {
    throw new ProblemError('forbidden', 'You see the events of your own practice.');
  }
  return { ...filter, practice };
}

async function exportTo(audit: Audit, x: Exchange): Promise<Reply> {
  const parameters = parametersOf(x, ['format', 'size', 'after']);
  const { format = 'bundle' } = parameters;
  const filter = filterOf(parameters, x.principal);
  if (format === 'pdf') return summary(audit, filter);
  if (format !== 'bundle' && format !== 'ndjson' && format !== 'csv') {
    throw new ProblemError('malformed', 'The format must be bundle, ndjson, csv or pdf (the summary).');
  }
  const resume = resumeOf(parameters, format);
  const prepared = await audit.exportEvents({ filter, format, ...(resume === undefined ? {} : { resume }) });
  const { contentType, extension } = LAYOUTS[format];
  x.audit.details = [
    { type: 'format', value: format },
    { type: 'log', value: String(prepared.size) },
  ];
  return {
    status: 200,
    headers: {
      'Content-Type': contentType,
      'Content-Disposition': `attachment; filename="audit.${extension}"`,
      'Cache-Control': 'no-store',
      // With the number of the last event received, all that it takes to resume.
      'Audit-Log-Size': String(prepared.size),
    },
    body: Readable.from(prepared.text),
  };
}

function resumeOf(
  { size, after }: Record<string, string>,
  format: Format,
): { size: number; after: number } | undefined {
  if (size === undefined && after === undefined) return undefined;
  if (!/^\d{1,15}$/.test(size ?? '') || !/^\d{1,15}$/.test(after ?? '') || format === 'bundle') {
    throw new ProblemError(
      'malformed',
      'To resume an NDJSON or CSV export, give size (its Audit-Log-Size) and after (the number of the last event you have).',
    );
  }
  return { size: Number(size), after: Number(after) };
}

/** The one page of an export, without the events. */
async function summary(audit: Audit, filter: FilterQuery): Promise<Reply> {
  const { text } = await audit.exportEvents({ filter, format: 'ndjson' });
  for (;;) {
    const { done, value } = await text.next();
    if (done !== true) continue;
    const body = await summaryPdf(value, 'audit.json');
    return { status: 200, headers: { 'Content-Type': 'application/pdf', 'Cache-Control': 'no-store' }, body };
  }
}

async function report(audit: Audit, x: Exchange): Promise<Reply> {
  const name = String(x.req.params['name']);
  const parameters = parametersOf(x, ['format']);
  const { format = 'json' } = parameters;
  if (!REPORTS.includes(name as ReportName))
    throw new ProblemError('not-found', `There is no report of that name. There are: ${REPORTS.join(', ')}.`);
  if (!(format in REPORT_TYPES)) throw new ProblemError('malformed', 'The format must be pdf, csv or json.');
  const drawn = await audit.report(name as ReportName, filterOf(parameters, x.principal));
  x.audit.details = [{ type: 'report', value: name }];
  return {
    status: 200,
    headers: { 'Content-Type': REPORT_TYPES[format as ReportFormat], 'Cache-Control': 'no-store' },
    body: await renderReport(drawn, format as ReportFormat),
  };
}
