import type { Invoice, Organization, Patient, Practitioner, RequestGroup, Task } from '@medplum/fhirtypes';
import { ProblemError, referencedId } from '../fhir';
import { type Pharmacy, pharmacyOf } from '../pharmacy';
import { containedMedication, pharmacyAt, present, searchAll, to } from '../prescriptions';
import { lookUpMany, type StoreAccess, type Viewer } from '../store';
import { type ItemRequest, itemReferences, type OrderItem, type OrderResources } from './mapping';

/** An order with all that belongs to it. */
export interface LoadedOrder extends OrderResources {
  id: string;
  items: OrderItem[];
}

/** Key that changes of an order lock: they are applied one after the other. */
export function lockOf(orderId: string): string {
  return `order ${orderId}`;
}

/** @throws ProblemError not-found */
export async function loadOrder(access: StoreAccess, viewer: Viewer, id: string): Promise<LoadedOrder> {
  const rg = await present<RequestGroup>(access, viewer, 'RequestGroup', id);
  if (rg === undefined) throw new ProblemError('not-found', 'Order not found');
  const resources = (await readRelated(access, viewer, [rg]))(rg);
  const task = resources.task ?? (await taskOf(access, viewer, id));
  return { ...resources, ...(task && { task }), id, items: await itemsOf(access, viewer, rg) };
}

/** An EHR's Task has an id of its own. */
async function taskOf(access: StoreAccess, viewer: Viewer, orderId: string): Promise<Task | undefined> {
  const own = await present<Task>(access, viewer, 'Task', orderId);
  if (referencedId(own?.focus, 'RequestGroup') === orderId) return own;
  const tasks = await searchAll<Task>(access, viewer, 'Task', {
    focus: `RequestGroup/${orderId}`,
    _sort: 'authored-on',
  });
  return tasks[0];
}

/** What is ordered, with its Tasks and Medications: two queries. */
async function itemsOf(access: StoreAccess, viewer: Viewer, rg: RequestGroup): Promise<OrderItem[]> {
  const references = itemReferences(rg);
  const get = await lookUpMany(access, viewer, [
    ...references.map(({ type, id }) => [type, id] as const),
    ...references.map(({ id }) => ['Task', id] as const),
  ]);
  return references.flatMap(({ type, id }): OrderItem[] => {
    const request = get<ItemRequest>(type, id);
    if (request === undefined) return [];
    const task = get<Task>('Task', id);
    const medication =
      request.resourceType === 'MedicationRequest' ? containedMedication(request) : undefined;
    return [{ request: { ...request, id }, ...(task && { task }), ...(medication && { medication }) }];
  });
}

/** Tasks, Invoices, patients and providers of orders, one query a type. */
export async function readRelated(
  access: StoreAccess,
  viewer: Viewer,
  groups: readonly RequestGroup[],
): Promise<(rg: RequestGroup) => OrderResources> {
  const wanted = groups.flatMap((rg) => [
    ['Task', rg.id] as const,
    ['Invoice', rg.id] as const,
    ['Patient', referencedId(rg.subject, 'Patient')] as const,
    ['Practitioner', referencedId(rg.author, 'Practitioner')] as const,
  ]);
  const get = await lookUpMany(access, viewer, wanted);
  return (rg) => {
    const own = get<Task>('Task', rg.id);
    const task = referencedId(own?.focus, 'RequestGroup') === rg.id ? own : undefined;
    const invoice = get<Invoice>('Invoice', rg.id);
    const patient = get<Patient>('Patient', referencedId(rg.subject, 'Patient'));
    const practitioner = get<Practitioner>('Practitioner', referencedId(rg.author, 'Practitioner'));
    return {
      rg,
      ...(task && { task }),
      ...(invoice && { invoice }),
      ...(patient && { patient }),
      ...(practitioner && { practitioner }),
    };
  };
}

/** The pharmacy that an order goes to: of the directory, or as the order describes it. */
export async function pharmacyOfOrder(
  access: StoreAccess,
  viewer: Viewer,
  task: Task | undefined,
): Promise<Pharmacy | undefined> {
  const known = await pharmacyAt(access, viewer, task?.owner);
  if (known !== undefined) return known;
  const described = task?.contained?.find(
    (one): one is Organization =>
      one.resourceType === 'Organization' && task.owner?.reference === `#${one.id ?? ''}`,
  );
  return described === undefined ? undefined : { ...pharmacyOf(described), id: undefined };
}

/** The Task of an order or of an item; one that an EHR ordered without gets its own when something happens to it. */
export function taskFor(
  on: RequestGroup | ItemRequest,
  task: Task | undefined,
  { at, partOf }: { at: Date; partOf?: string },
): Task & { id: string } {
  if (task !== undefined) return { ...task, id: task.id ?? '' };
  const patient = 'subject' in on ? on.subject : undefined;
  return {
    resourceType: 'Task',
    id: on.id ?? '',
    status: 'requested',
    intent: 'order',
    code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
    focus: to(on),
    ...(patient !== undefined && { for: patient }),
    ...(partOf !== undefined && { partOf: [{ reference: `Task/${partOf}` }] }),
    authoredOn: on.authoredOn ?? at.toISOString(),
  };
}
