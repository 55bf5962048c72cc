import type { MedicationDispense, Organization, Practitioner, Task } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { CANONICAL_BASE, ProblemError } from '../fhir';
import { toSecond } from '../mapping';
import {
  type Actor,
  changed,
  created,
  findProvider,
  notThere,
  refuse,
  requirePharmacy,
  type Shown,
  sound,
  to,
} from '../prescriptions';
import type { Change, StoreTransaction } from '../store';
import { type LoadedOrder, loadOrder, lockOf, taskFor } from './load';
import type { OrderItem } from './mapping';
import { patientsOf } from './read';
import type { OrderServices } from './services';
import { inStep, isFinal, itemBusinessStatus, itemStatusOf, statusOfOrder } from './status';
import { durationText } from './time';

/** Who hands something over: a pharmacy or a practitioner, by FHIR id. */
export interface Fulfiller {
  type: 'Organization' | 'Practitioner';
  id: string;
}

/** Body of `POST /orders/{id}/fulfill` with FHIR ids. Dermifi, "Mark order as fulfilled". */
export interface Fulfilment {
  fulfilledBy?: Fulfiller | undefined;
  /** Ids of the items' requests; all that are open when absent. */
  fulfilledItems?: readonly string[] | undefined;
  pickupMethod?: string | null;
  notes?: string | null;
}

const PICKUP_METHOD = `${CANONICAL_BASE}/StructureDefinition/pickup-method`;

type Performer = { reference: string; display?: string } | undefined;

/**
 * Marks items as handed over: a MedicationDispense for each medication, the order completed when none is left.
 * @throws ProblemError not-found, conflict saying the present state of order or item, invalid for unknown items
 */
export async function fulfilOrder(
  services: OrderServices,
  actor: Actor,
  id: string,
  input: Fulfilment,
): Promise<Shown> {
  const { store, clock } = services;
  const at = clock();
  const { order, items, performer, isComplete } = await store.transaction(async (tx) => {
    await tx.lock(lockOf(id));
    const present = await loadOrder(tx, actor.viewer, id);
    const status = statusOfOrder(present.rg, present.task);
    if (isFinal(status)) throw new ProblemError('conflict', `The order is ${status}`);
    const handed = itemsMeant(present, input.fulfilledItems);
    const by = await performerOf(tx, actor, present, input.fulfilledBy);
    const complete = present.items.every((item) => handed.includes(item) || !isOpen(item));
    const changes = changesOf(present, { handed, by, isComplete: complete, input, at });
    await tx.commit(sound(changes), actor.context(patientsOf(present)));
    return { order: present, items: handed, performer: by, isComplete: complete };
  });
  const createdAt = new Date(order.rg.authoredOn ?? order.rg.meta?.lastUpdated ?? at);
  return {
    view: {
      id: `ord_${id}`,
      status: isComplete ? 'completed' : 'processing',
      fulfilledAt: toSecond(at),
      fulfilledBy: vendorIdOf(performer) ?? actor.id,
      fulfilledItems: items.map(({ request }) => `item_${request.id}`),
      pickupMethod: input.pickupMethod ?? null,
      completionTime: isComplete ? durationText(createdAt, at) : null,
    },
    resources: [`RequestGroup/${id}`, ...items.map(({ request }) => `${request.resourceType}/${request.id}`)],
    patients: patientsOf(order),
  };
}

function isOpen(item: OrderItem): boolean {
  const status = itemStatusOf(item.task, item.request.status);
  return status !== 'fulfilled' && status !== 'cancelled';
}

function itemsMeant({ items }: LoadedOrder, ids: readonly string[] | undefined): OrderItem[] {
  if (ids === undefined) return items.filter(isOpen);
  const unknown = ids.flatMap((id, i) =>
    items.some(({ request }) => request.id === id) ? [] : [`fulfilledItems[${i}]`],
  );
  if (unknown.length > 0) throw notThere(unknown);
  const meant = items.filter(({ request }) => ids.includes(request.id));
  const ended = meant.find((item) => !isOpen(item));
  if (ended === undefined) return meant;
  const status = itemStatusOf(ended.task, ended.request.status);
  throw new ProblemError('conflict', `The item item_${ended.request.id} is ${status}`);
}

/** As named, else the order's pharmacy, else the practitioner that the user is. */
async function performerOf(
  tx: StoreTransaction,
  actor: Actor,
  { task }: LoadedOrder,
  named: Fulfiller | undefined,
): Promise<Performer> {
  if (named?.type === 'Organization') {
    const pharmacy = await requirePharmacy(tx, actor.viewer, named.id, 'fulfilledBy');
    return to<Organization>({ resourceType: 'Organization', id: named.id }, pharmacy.name);
  }
  if (named?.type === 'Practitioner') {
    if ((await findProvider(tx, actor.viewer, named.id)) === undefined) throw notThere(['fulfilledBy']);
    return to<Practitioner>({ resourceType: 'Practitioner', id: named.id });
  }
  const owner = task?.owner;
  if (owner?.reference?.startsWith('Organization/') === true) {
    return { reference: owner.reference, ...(owner.display !== undefined && { display: owner.display }) };
  }
  return actor.practitioner === undefined
    ? undefined
    : { reference: `Practitioner/${actor.practitioner}`, display: actor.name };
}

function vendorIdOf(performer: Performer): string | undefined {
  const [type, id] = performer?.reference.split('/') ?? [];
  if (id === undefined) return undefined;
  return type === 'Organization' ? `pharm_${id}` : `prov_${id}`;
}

interface HandedOver {
  handed: readonly OrderItem[];
  by: Performer;
  isComplete: boolean;
  input: Fulfilment;
  at: Date;
}

function changesOf(order: LoadedOrder, over: HandedOver): Change[] {
  const { handed, isComplete, input, at } = over;
  if (handed.length === 0) throw refuse([{ field: 'fulfilledItems', message: 'Name at least one item' }]);
  const { rg, task } = order;
  const begun = taskFor(rg, task, { at });
  const done: Task = {
    ...begun,
    status: isComplete ? 'completed' : 'in-progress',
    businessStatus: { text: isComplete ? 'Order fulfilled' : 'Partly fulfilled' },
    lastModified: at.toISOString(),
    executionPeriod: {
      start: begun.executionPeriod?.start ?? at.toISOString(),
      ...(isComplete && { end: at.toISOString() }),
    },
    ...(typeof input.notes === 'string' && {
      note: [...(begun.note ?? []), { text: input.notes, time: at.toISOString() }],
    }),
  };
  return [
    changed(inStep(rg, isComplete ? 'completed' : 'processing')),
    changed(done),
    ...handed.flatMap((item) => itemChanges(item, over, begun.id)),
  ];
}

function itemChanges(
  { request, task, medication }: OrderItem,
  over: HandedOver,
  orderTaskId: string,
): Change[] {
  const begun = taskFor(request, task, { at: over.at, partOf: orderTaskId });
  const closed: Task = {
    ...begun,
    status: 'completed',
    businessStatus: itemBusinessStatus('fulfilled'),
    lastModified: over.at.toISOString(),
    ...pickup(begun.extension, over.input),
  };
  if (request.resourceType === 'MedicationRequest') {
    return [created(dispenseOf({ request, task, medication }, over)), changed(closed)];
  }
  return [changed({ ...request, status: 'completed' }), changed(closed)];
}

function pickup(others: Task['extension'], { pickupMethod }: Fulfilment): Pick<Task, 'extension'> {
  if (typeof pickupMethod !== 'string') return {};
  return { extension: [...(others ?? []), { url: PICKUP_METHOD, valueString: pickupMethod }] };
}

function dispenseOf(
  { request, medication }: OrderItem,
  { by, input, at }: HandedOver,
): MedicationDispense & { id: string } {
  if (request.resourceType !== 'MedicationRequest')
    throw new ProblemError('internal', 'Only medications are dispensed.');
  const { dispenseRequest, medicationReference, medicationCodeableConcept, subject } = request;
  return {
    resourceType: 'MedicationDispense',
    id: randomUUID(),
    ...(medication !== undefined && { contained: [medication] }),
    ...pickup(undefined, input),
    status: 'completed',
    ...(medicationReference !== undefined && { medicationReference }),
    ...(medicationCodeableConcept !== undefined && { medicationCodeableConcept }),
    ...(subject !== undefined && { subject }),
    authorizingPrescription: [to(request)],
    ...(by !== undefined && { performer: [{ actor: by as { reference: `Organization/${string}` } }] }),
    ...(dispenseRequest?.quantity !== undefined && { quantity: dispenseRequest.quantity }),
    ...(dispenseRequest?.expectedSupplyDuration !== undefined && {
      daysSupply: dispenseRequest.expectedSupplyDuration,
    }),
    whenHandedOver: at.toISOString(),
    ...(typeof input.notes === 'string' && { note: [{ text: input.notes }] }),
  };
}
