import type { QueryParameters } from '../../../contract';
import type { Exchange, Reply } from '../../../http';
import {
  type Cancellation,
  type Fulfiller,
  type NewOrder,
  ORDER_STATUSES,
  type OrderStatus,
} from '../../../orders';
import { queryOf } from '../actor';
import { type DermifiEndpoint, requireRight } from '../endpoint';
import { fhirId } from '../ids';
import {
  CANCELLATION,
  FULFILMENT,
  NEW_ORDER,
  ORDER,
  ORDER_CANCELLED,
  ORDER_DETAIL,
  ORDER_FULFILLED,
  ORDER_LIST,
} from '../order-schemas';
import { type Page, PAGE_QUERY } from '../pages';
import { audited, bodyId, prescriberOf, subjectId } from '../prescribing';
import { bodyReader, queryReader } from '../requests';
import type { DermifiServices } from '../services';

const LIST_QUERY = {
  ...PAGE_QUERY,
  status: { description: 'Order status.', kind: 'choice', values: ORDER_STATUSES },
  patientId: { description: 'Filter by patient.', kind: 'text' },
  providerId: { description: 'Filter by provider.', kind: 'text' },
  startDate: { description: 'Orders from date (ISO 8601, UTC).', kind: 'time' },
  endDate: { description: 'Orders until date (ISO 8601, UTC); a date is until its end.', kind: 'time' },
} as const satisfies QueryParameters;

interface ListQuery extends Page {
  status?: OrderStatus;
  patientId?: string;
  providerId?: string;
  startDate?: string;
  endDate?: string;
}

/** The body as sent, ids with their prefixes. */
interface FulfilmentBody {
  fulfilledBy?: string | null;
  fulfilledItems?: readonly string[] | null;
  pickupMethod?: string | null;
  notes?: string | null;
}

const noQuery = queryReader({});
const readList = queryReader<ListQuery>(LIST_QUERY);
const readNew = bodyReader<NewOrder>(NEW_ORDER);
const readCancellation = bodyReader<Cancellation>(CANCELLATION, { optional: true });
const readFulfilment = bodyReader<FulfilmentBody>(FULFILMENT, { optional: true });

/** Dermifi, "Orders API". */
export function orderEndpoints(services: DermifiServices): DermifiEndpoint[] {
  const { orders } = services;
  return [
    {
      tag: 'Orders',
      method: 'post',
      path: '/orders',
      summary: 'Create new order. Prescriptions and medications need the permission prescribe.',
      interaction: 'create',
      action: 'C',
      right: 'write',
      body: { name: 'NewOrder', schema: NEW_ORDER },
      status: 201,
      answer: { name: 'Order', schema: ORDER },
      handle: (x) => create(services, x),
    },
    {
      tag: 'Orders',
      method: 'get',
      path: '/orders',
      summary: 'List orders with filters, the newest first.',
      interaction: 'search',
      action: 'E',
      right: 'read',
      query: LIST_QUERY,
      status: 200,
      answer: { name: 'OrderList', schema: ORDER_LIST },
      handle: (x) => list(services, x),
    },
    {
      tag: 'Orders',
      method: 'get',
      path: '/orders/:id',
      summary: 'Get order details.',
      interaction: 'read',
      action: 'R',
      right: 'read',
      status: 200,
      answer: { name: 'OrderDetail', schema: ORDER_DETAIL },
      async handle(x) {
        const id = subjectId(x, 'ord', 'RequestGroup');
        noQuery(x);
        return { status: 200, body: audited(x, await orders.read(x.principal.viewer, id)) };
      },
    },
    {
      tag: 'Orders',
      method: 'put',
      path: '/orders/:id/cancel',
      summary: 'Cancel order; a paid one is refunded.',
      interaction: 'update',
      action: 'U',
      right: 'write',
      body: { name: 'Cancellation', schema: CANCELLATION, optional: true },
      status: 200,
      answer: { name: 'OrderCancelled', schema: ORDER_CANCELLED },
      async handle(x) {
        const id = subjectId(x, 'ord', 'RequestGroup');
        noQuery(x);
        return {
          status: 200,
          body: audited(x, await orders.cancel(prescriberOf(x), id, readCancellation(x))),
        };
      },
    },
    {
      tag: 'Orders',
      method: 'post',
      path: '/orders/:id/fulfill',
      summary: 'Mark an order, or some of its items, as fulfilled.',
      interaction: 'update',
      action: 'U',
      right: 'fulfil',
      body: { name: 'Fulfilment', schema: FULFILMENT, optional: true },
      status: 200,
      answer: { name: 'OrderFulfilled', schema: ORDER_FULFILLED },
      handle: (x) => fulfil(services, x),
    },
  ];
}

async function create({ orders }: DermifiServices, x: Exchange): Promise<Reply> {
  noQuery(x);
  const body = readNew(x);
  // What is to be swallowed or applied is prescribed, whatever the order is called.
  if (body.type === 'prescription' || body.items.some(({ type }) => type === 'medication'))
    requireRight(x, 'prescribe');
  const { pharmacy } = body;
  const input: NewOrder = {
    ...body,
    patientId: bodyId('pat', body.patientId),
    providerId: bodyId('prov', body.providerId),
    ...(typeof pharmacy?.id === 'string' && { pharmacy: { ...pharmacy, id: bodyId('pharm', pharmacy.id) } }),
  };
  const view = audited(x, await orders.create(prescriberOf(x), input));
  return { status: 201, headers: { Location: `/v1/orders/${String(view['id'])}` }, body: view };
}

async function list({ orders }: DermifiServices, x: Exchange): Promise<Reply> {
  const { page, limit, status, patientId, providerId, startDate, endDate } = readList(x);
  const ids = {
    patientId: patientId && fhirId('pat', patientId),
    providerId: providerId && fhirId('prov', providerId),
  };
  // An id of another form is one that nothing has.
  const isImpossible =
    (patientId !== undefined && !ids.patientId) || (providerId !== undefined && !ids.providerId);
  const query = {
    page,
    limit,
    status,
    ...ids,
    from: startDate && startOf(startDate),
    to: endDate && endOf(endDate),
  };
  const found = isImpossible ? NONE : await orders.list(x.principal.viewer, query);
  x.audit = { ...x.audit, query: queryOf(x), resources: found.resources, patients: found.patients };
  return { status: 200, body: { orders: found.rows, pagination: { page, limit, total: found.total } } };
}

/** A list of nothing. */
export const NONE = { rows: [], total: 0, resources: [], patients: [] };

const ZONED = /(?:Z|[+-]\d\d:\d\d)$/;

/** A time without a zone is UTC. */
function startOf(value: string): string {
  if (!value.includes('T')) return `${value}T00:00:00Z`;
  return ZONED.test(value) ? value : `${value}Z`;
}

function endOf(value: string): string {
  return value.includes('T') ? startOf(value) : `${value}T23:59:59.999Z`;
}

async function fulfil({ orders }: DermifiServices, x: Exchange): Promise<Reply> {
  const id = subjectId(x, 'ord', 'RequestGroup');
  noQuery(x);
  const { fulfilledBy, fulfilledItems, ...others } = readFulfilment(x);
  const view = audited(
    x,
    await orders.fulfil(prescriberOf(x), id, {
      ...others,
      ...(typeof fulfilledBy === 'string' && { fulfilledBy: fulfillerOf(fulfilledBy) }),
      ...(Array.isArray(fulfilledItems) && {
        fulfilledItems: fulfilledItems.map((item: string) => bodyId('item', item)),
      }),
    }),
  );
  return { status: 200, body: view };
}

function fulfillerOf(id: string): Fulfiller {
  const practitioner = fhirId('prov', id);
  return practitioner === undefined
    ? { type: 'Organization', id: bodyId('pharm', id) }
    : { type: 'Practitioner', id: practitioner };
}
