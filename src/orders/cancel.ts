import type { Invoice, MedicationRequest, Task } from '@medplum/fhirtypes';
import { CANONICAL_BASE, ProblemError } from '../fhir';
import { type Actor, changed, type Shown, sound, tellPharmacy } from '../prescriptions';
import type { Change } from '../store';
import { type LoadedOrder, loadOrder, lockOf, pharmacyOfOrder, taskFor } from './load';
import { type OrderItem, orderMapping } from './mapping';
import { boundOf, patientsOf } from './read';
import type { OrderServices } from './services';
import { inStep, isFinal, itemBusinessStatus, itemStatusOf, statusOfOrder } from './status';
import { businessDaysAfter } from './time';

/** Body of `PUT /orders/{id}/cancel`. Dermifi, "Cancel order". */
export interface Cancellation {
  reason?: string | null;
  notes?: string | null;
}

const REFUND = `${CANONICAL_BASE}/StructureDefinition/refund`;
/** Business days until a refund arrives (decisions, "Orders"). */
const REFUND_DAYS = 3;

/**
 * Cancels an order and what of it has not been handed over; of several cancellations at once the first holds.
 * @throws ProblemError not-found, or conflict saying the present state
 */
export async function cancelOrder(
  services: OrderServices,
  actor: Actor,
  id: string,
  input: Cancellation,
): Promise<Shown> {
  const { store, clock } = services;
  const at = clock();
  const { order, wasSent, pharmacy } = await store.transaction(async (tx) => {
    await tx.lock(lockOf(id));
    const present = await loadOrder(tx, actor.viewer, id);
    const status = statusOfOrder(present.rg, present.task);
    if (isFinal(status)) throw new ProblemError('conflict', `The order is ${status}`);
    const cancelled = cancelledOrder(present, input, at);
    await tx.commit(sound(changesOf(present, cancelled)), actor.context(patientsOf(present)));
    const sent = present.items.some(({ task }) => itemStatusOf(task, undefined) === 'sent_to_pharmacy');
    return {
      order: cancelled,
      wasSent: sent,
      pharmacy: await pharmacyOfOrder(tx, actor.viewer, present.task),
    };
  });
  if (wasSent && pharmacy?.id !== undefined) {
    const text = 'An order was cancelled; what has not been handed over is not to be dispensed.';
    await tellPharmacy(services, actor, { ...pharmacy, id: pharmacy.id }, { about: order.rg, text, at });
  }
  return {
    view: {
      ...orderMapping.read(boundOf(order), 'cancelled'),
      cancelledBy: actor.id,
      reason: input.reason ?? null,
      notes: input.notes ?? null,
      ...orderMapping.read(boundOf(order), 'refunded'),
    },
    resources: [`RequestGroup/${id}`],
    patients: patientsOf(order),
  };
}

function cancelledOrder(order: LoadedOrder, { reason, notes }: Cancellation, at: Date): LoadedOrder {
  const { invoice } = order;
  const task = taskFor(order.rg, order.task, { at });
  return {
    ...order,
    rg: inStep(order.rg, 'cancelled'),
    items: order.items.map((item) => cancelledItem(item, at)),
    task: {
      ...task,
      status: 'cancelled',
      businessStatus: { text: 'Order cancelled' },
      lastModified: at.toISOString(),
      executionPeriod: { ...task.executionPeriod, end: at.toISOString() },
      ...(typeof reason === 'string' && { statusReason: { text: reason } }),
      ...(typeof notes === 'string' && {
        note: [...(task.note ?? []), { text: notes, time: at.toISOString() }],
      }),
    } satisfies Task,
    ...(invoice !== undefined && { invoice: settled(invoice, at) }),
  };
}

/** What was handed over stays as it is. */
function cancelledItem(item: OrderItem, at: Date): OrderItem {
  const status = itemStatusOf(item.task, item.request.status);
  if (status === 'fulfilled' || status === 'cancelled') return item;
  const { request, task } = item;
  const ended =
    request.resourceType === 'ServiceRequest'
      ? { ...request, status: 'revoked' as const }
      : { ...request, status: 'cancelled' as const };
  const closed: Task | undefined = task && {
    ...task,
    status: 'cancelled',
    businessStatus: itemBusinessStatus('cancelled'),
    lastModified: at.toISOString(),
  };
  return { ...item, request: ended as MedicationRequest & { id: string }, ...(closed && { task: closed }) };
}

/** A paid invoice is refunded, another one called off (decisions, "Orders"). */
function settled(invoice: Invoice, at: Date): Invoice {
  const amount = invoice.totalGross;
  if (invoice.status !== 'balanced') {
    return invoice.status === 'draft' || invoice.status === 'issued'
      ? { ...invoice, status: 'cancelled' }
      : invoice;
  }
  if (amount === undefined) return invoice;
  const refund = {
    url: REFUND,
    extension: [
      { url: 'amount', valueMoney: amount },
      { url: 'status', valueString: 'processing' },
      { url: 'expectedDate', valueDate: businessDaysAfter(at, REFUND_DAYS) },
    ],
  };
  return { ...invoice, extension: [...(invoice.extension ?? []), refund] };
}

/** The RequestGroup first: it carries the request's audit entry. */
function changesOf(before: LoadedOrder, after: LoadedOrder): Change[] {
  const items = after.items.filter((item, i) => item !== before.items[i]);
  return [
    changed(after.rg),
    ...(after.task === undefined ? [] : [changed(after.task)]),
    ...items.flatMap(({ request, task }) => [
      changed(request),
      ...(task === undefined ? [] : [changed(task)]),
    ]),
    ...(after.invoice === undefined || after.invoice === before.invoice ? [] : [changed(after.invoice)]),
  ];
}
