import type { Organization, Patient, Practitioner, RequestGroup, Task } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { personName, providerName } from '../clinicians';
import { CANONICAL_BASE } from '../fhir';
import { findPharmacy, type Pharmacy, pharmacyOf } from '../pharmacy';
import { type Actor, created, refuse, requireParties, type Shown, sound, to } from '../prescriptions';
import type { Change } from '../store';
import { copayOf, costOf, invoiceOf, type PricedItem } from './cost';
import { type DraftItem, draftItem, type ItemFacts, type KnownItem, lookUp, type NewItem } from './items';
import { itemView, orderMapping } from './mapping';
import type { OrderServices } from './services';
import { inStep } from './status';

/** Body of `POST /orders` with FHIR ids. Dermifi, "Create new order"; null is as good as absent. */
export interface NewOrder {
  patientId: string;
  providerId: string;
  type: 'prescription' | 'lab' | 'imaging' | 'product';
  priority?: 'routine' | 'urgent' | 'stat' | null;
  items: readonly NewItem[];
  pharmacy?: NewOrderPharmacy | null;
  shipping?: {
    method?: string | null;
    address?: Readonly<Record<string, string | null>> | null;
    expedited?: boolean | null;
  } | null;
  notes?: string | null;
}

/** A pharmacy of the directory by its id, or one that is only described. */
export interface NewOrderPharmacy {
  id?: string | null;
  name?: string | null;
  address?: string | null;
  phone?: string | null;
  fax?: string | null;
}

const MINUTE_MS = 60_000;
const ESTIMATED_READY = `${CANONICAL_BASE}/StructureDefinition/estimated-ready-time`;

/** Makes an order: RequestGroup, Task, what is ordered, its Tasks, and the Invoice, in one transaction. */
export async function createOrder(services: OrderServices, actor: Actor, input: NewOrder): Promise<Shown> {
  const { store, formulary, clock } = services;
  const { pharmacy, organization, missing } = await pharmacyFor(services, actor, input.pharmacy ?? undefined);
  const parties = await requireParties(store, actor.viewer, input, missing);
  const known: KnownItem[] = [];
  for (const item of input.items) known.push(await lookUp(formulary, item));
  const at = clock();
  const year = at.getUTCFullYear();
  const orderNumber = `ORD-${year}-${String(await store.nextNumber(`ORD-${year}`)).padStart(4, '0')}`;
  const orderId = randomUUID();
  const priority = input.priority ?? 'routine';
  const facts: ItemFacts = { store, actor, orderId, orderNumber, priority, ...parties, pharmacy, at };
  const items: DraftItem[] = [];
  for (const [i, one] of known.entries()) items.push(await draftItem(one, facts, i));
  const priced = known.map(({ input: { name }, quantity, fee }): PricedItem => ({ name, quantity, fee }));
  const cost = costOf(priced, await copayOf(store, actor.viewer, parties.patient.id));
  const invoice =
    cost && invoiceOf(cost, { id: orderId, orderNumber, patientId: parties.patient.id, at, items: priced });
  const rg = groupOf(input, items, facts);
  const task = orderTask(rg, facts, { organization, readyAt: readyAt(known, at) });
  const changes: Change[] = [
    rg,
    task,
    ...items.flatMap(resourcesOf),
    ...(invoice === undefined ? [] : [invoice]),
  ].map((resource) => created(resource));
  await store.commit(sound(changes), actor.context([parties.patient.id]));
  return {
    view: createdView({ rg, task, ...(invoice && { invoice }) }, items, pharmacy),
    resources: [
      `RequestGroup/${orderId}`,
      ...items.map(({ request }) => `${request.resourceType}/${request.id}`),
    ],
    patients: [parties.patient.id],
  };
}

function resourcesOf({ request, task, provenance }: DraftItem) {
  return [request, task, ...(provenance === undefined ? [] : [provenance])];
}

function createdView(
  bound: Readonly<Record<string, unknown>>,
  items: readonly DraftItem[],
  pharmacy: Pharmacy | undefined,
): Record<string, unknown> {
  return {
    ...orderMapping.read(bound, 'head'),
    items: items.map((item) => itemView(item, 'created')),
    ...orderMapping.read(bound, 'created', { pharmacy }),
  };
}

/** When all of it is ready; undefined when the time of an item is not known. */
function readyAt(items: readonly KnownItem[], at: Date): Date | undefined {
  const minutes = items.map((item) => item.readyMinutes);
  if (minutes.some((one) => one === undefined)) return undefined;
  return new Date(at.getTime() + Math.max(...minutes.map((one) => one ?? 0)) * MINUTE_MS);
}

interface OrderPharmacy {
  pharmacy: Pharmacy | undefined;
  /** As it was described, to be contained. */
  organization: Organization | undefined;
  /** The field whose id nothing has. */
  missing: readonly string[];
}

/** The pharmacy of the body: of the directory, else a contained Organization as it was described. */
async function pharmacyFor(
  { store }: OrderServices,
  { viewer }: Actor,
  input: NewOrderPharmacy | undefined,
): Promise<OrderPharmacy> {
  const known = { organization: undefined, missing: [] };
  if (input === undefined) return { ...known, pharmacy: undefined };
  if (typeof input.id === 'string') {
    const pharmacy = await findPharmacy(store, viewer, input.id);
    return { ...known, pharmacy, ...(pharmacy === undefined && { missing: ['pharmacy.id'] }) };
  }
  if (typeof input.name !== 'string')
    throw refuse([{ field: 'pharmacy.id', message: 'Send the id or the name of the pharmacy' }]);
  const telecom = (['phone', 'fax'] as const).flatMap((system) => {
    const value = input[system];
    return typeof value === 'string' ? [{ system, value }] : [];
  });
  const organization: Organization = {
    resourceType: 'Organization',
    id: 'pharmacy',
    name: input.name,
    ...(telecom.length > 0 && { telecom }),
    ...(typeof input.address === 'string' && { address: [{ text: input.address }] }),
  };
  return { pharmacy: { ...pharmacyOf(organization), id: undefined }, organization, missing: [] };
}

function groupOf(
  input: NewOrder,
  items: readonly DraftItem[],
  facts: ItemFacts,
): RequestGroup & { id: string } {
  const { orderId, orderNumber, patient, practitioner, at, priority } = facts;
  const { bound } = orderMapping.write({
    orderNumber,
    type: input.type,
    priority,
    ...(typeof input.notes === 'string' && { notes: input.notes }),
    ...(input.shipping && { shipping: { ...input.shipping, address: input.shipping.address ?? {} } }),
  });
  const rg: RequestGroup = {
    ...(bound as { rg: RequestGroup }).rg,
    id: orderId,
    subject: to<Patient>(patient, personName(patient.name)),
    author: to<Practitioner>(practitioner, providerName(practitioner)),
    authoredOn: at.toISOString(),
    action: items.map(({ request }, i) => ({ title: input.items[i]?.name, resource: to(request) })),
  };
  return { ...inStep(rg, 'pending'), id: orderId };
}

function orderTask(
  rg: RequestGroup & { id: string },
  { patient, practitioner, pharmacy, at, priority }: ItemFacts,
  { organization, readyAt: ready }: { organization: Organization | undefined; readyAt: Date | undefined },
): Task & { id: string } {
  const owner =
    organization === undefined
      ? pharmacy?.id === undefined
        ? undefined
        : `Organization/${pharmacy.id}`
      : '#pharmacy';
  return {
    resourceType: 'Task',
    id: rg.id,
    ...(organization !== undefined && { contained: [organization] }),
    ...(ready !== undefined && { extension: [{ url: ESTIMATED_READY, valueDateTime: ready.toISOString() }] }),
    status: 'requested',
    businessStatus: { text: 'Order created' },
    intent: 'order',
    priority,
    code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
    focus: to(rg),
    for: to<Patient>(patient),
    authoredOn: at.toISOString(),
    lastModified: at.toISOString(),
    requester: to<Practitioner>(practitioner, providerName(practitioner)),
    ...(owner !== undefined && {
      owner: { reference: owner, ...(pharmacy !== undefined && { display: pharmacy.name }) } as NonNullable<
        Task['owner']
      >,
    }),
  };
}
