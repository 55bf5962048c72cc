import type { QueryParameters } from '../../../contract';
import type { Exchange, Reply } from '../../../http';
import { REFILL_PRIORITIES, type RefillApproval, type RefillDenial } from '../../../prescriptions';
import { queryOf } from '../actor';
import type { DermifiEndpoint } from '../endpoint';
import { fhirId } from '../ids';
import { audited, bodyId, prescriberOf, subjectId } from '../prescribing';
import {
  PENDING_REFILLS,
  REFILL_APPROVAL,
  REFILL_APPROVED,
  REFILL_DENIAL,
  REFILL_DENIED,
} from '../prescription-schemas';
import { bodyReader, queryReader } from '../requests';
import type { DermifiServices } from '../services';

const PENDING_QUERY = {
  providerId: { description: 'Filter by prescriber.', kind: 'text' },
  priority: { description: 'Filter by priority.', kind: 'choice', values: REFILL_PRIORITIES },
} as const satisfies QueryParameters;

const noQuery = queryReader({});
const readPending = queryReader<{ providerId?: string; priority?: string }>(PENDING_QUERY);
const readApproval = bodyReader<RefillApproval>(REFILL_APPROVAL, { optional: true });
const readDenial = bodyReader<RefillDenial>(REFILL_DENIAL);

/** Dermifi, "Refills API". */
export function refillEndpoints(services: DermifiServices): DermifiEndpoint[] {
  const { prescriptions } = services;
  const tag = 'Refills';
  return [
    {
      tag,
      method: 'get',
      path: '/refills/pending',
      summary: 'Get pending refill requests, the oldest first.',
      interaction: 'search',
      action: 'E',
      right: 'read',
      query: PENDING_QUERY,
      status: 200,
      answer: { name: 'PendingRefills', schema: PENDING_REFILLS },
      handle: (x) => pending(services, x),
    },
    {
      tag,
      method: 'put',
      path: '/refills/:id/approve',
      summary: 'Approve refill request.',
      interaction: 'update',
      action: 'U',
      right: 'prescribe',
      body: { name: 'RefillApproval', schema: REFILL_APPROVAL, optional: true },
      status: 200,
      answer: { name: 'RefillApproved', schema: REFILL_APPROVED },
      async handle(x) {
        const id = subjectId(x, 'ref', 'Task');
        noQuery(x);
        const { approvedBy, pharmacyId, ...others } = readApproval(x);
        const input: RefillApproval = {
          ...others,
          ...(typeof approvedBy === 'string' && { approvedBy: bodyId('prov', approvedBy) }),
          ...(typeof pharmacyId === 'string' && { pharmacyId: bodyId('pharm', pharmacyId) }),
        };
        return {
          status: 200,
          body: audited(x, await prescriptions.approveRefill(prescriberOf(x), id, input)),
        };
      },
    },
    {
      tag,
      method: 'post',
      path: '/refills/:id/deny',
      summary: 'Deny refill request.',
      interaction: 'update',
      action: 'U',
      right: 'prescribe',
      body: { name: 'RefillDenial', schema: REFILL_DENIAL },
      status: 200,
      answer: { name: 'RefillDenied', schema: REFILL_DENIED },
      async handle(x) {
        const id = subjectId(x, 'ref', 'Task');
        noQuery(x);
        const { deniedBy, ...others } = readDenial(x);
        const input = {
          ...others,
          ...(typeof deniedBy === 'string' && { deniedBy: bodyId('prov', deniedBy) }),
        };
        return { status: 200, body: audited(x, await prescriptions.denyRefill(prescriberOf(x), id, input)) };
      },
    },
  ];
}

async function pending({ prescriptions }: DermifiServices, x: Exchange): Promise<Reply> {
  const { providerId, priority } = readPending(x);
  const prescriber = providerId === undefined ? undefined : fhirId('prov', providerId);
  const isImpossible = providerId !== undefined && prescriber === undefined;
  const found = isImpossible
    ? { rows: [], urgentCount: 0, resources: [], patients: [] }
    : await prescriptions.pendingRefills(x.principal.viewer, { providerId: prescriber, priority });
  x.audit = { ...x.audit, query: queryOf(x), resources: found.resources, patients: found.patients };
  return {
    status: 200,
    body: { refills: found.rows, total: found.rows.length, urgentCount: found.urgentCount },
  };
}
