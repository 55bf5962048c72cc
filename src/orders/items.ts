import type {
  Medication,
  MedicationRequest,
  Patient,
  Practitioner,
  Provenance,
  SupplyRequest,
  Task,
} from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { providerName } from '../clinicians';
import type { Drug, Fee, Formulary } from '../formulary';
import type { Pharmacy } from '../pharmacy';
import { type Actor, draftPrescription, nextRxNumber, prescribedBy, refuse, to } from '../prescriptions';
import type { Store } from '../store';
import { ORDER_NUMBER } from './cost';
import {
  type ItemRequest,
  type OrderItem,
  orderMedicationMapping,
  orderProductMapping,
  orderServiceMapping,
} from './mapping';
import { itemBusinessStatus } from './status';

/** An item of the body of `POST /orders`. Dermifi, "Create new order"; null is as good as absent. */
export interface NewItem {
  type: 'medication' | 'lab' | 'imaging' | 'product';
  name: string;
  quantity?: number | null;
  unit?: string | null;
  size?: string | null;
  instructions?: string | null;
}

/** An item with what the formulary and the fee schedule know of it. */
export interface KnownItem {
  input: NewItem;
  quantity: number;
  drug: Drug | undefined;
  fee: Fee | undefined;
  /** Minutes until it is ready. */
  readyMinutes: number | undefined;
}

export async function lookUp(formulary: Formulary, input: NewItem): Promise<KnownItem> {
  const quantity = input.quantity ?? 1;
  if (input.type !== 'medication') {
    const fee = await formulary.fee({ name: input.name });
    return { input, quantity, drug: undefined, fee, readyMinutes: fee?.readyMinutes };
  }
  const drug = await formulary.drug({ name: input.name, size: input.size ?? null });
  const fee = drug?.ndc === undefined ? undefined : await formulary.fee({ ndc: drug.ndc });
  return { input, quantity, drug, fee, readyMinutes: drug?.readyMinutes };
}

/** What all items of an order have in common. */
export interface ItemFacts {
  store: Store;
  actor: Actor;
  orderId: string;
  orderNumber: string;
  priority: 'routine' | 'urgent' | 'stat';
  patient: Patient & { id: string };
  practitioner: Practitioner & { id: string };
  pharmacy: Pharmacy | undefined;
  at: Date;
}

/** An item worked out: its request, its Task, and who prescribed it. */
export interface DraftItem extends OrderItem {
  task: Task & { id: string };
  provenance: (Provenance & { id: string }) | undefined;
}

export async function draftItem(known: KnownItem, facts: ItemFacts, index: number): Promise<DraftItem> {
  const { type } = known.input;
  if (type === 'medication') return medicationItem(known, facts, index);
  const request =
    type === 'product' ? productRequest(known, facts, index) : serviceRequest(known, facts, index);
  return { request, task: itemTask(request, facts), provenance: undefined };
}

async function medicationItem(known: KnownItem, facts: ItemFacts, index: number): Promise<DraftItem> {
  const { store, actor, at, patient, practitioner, orderNumber, priority, pharmacy } = facts;
  const { drug } = known;
  const { request, medication } = written<{ request: MedicationRequest; medication: Medication }>(
    orderMedicationMapping,
    {
      ...fieldsOf(known),
      genericName: drug?.genericName,
      manufacturer: drug?.manufacturer,
      ndcCode: drug?.ndc,
      refills: drug?.refills,
      daysSupply: drug?.daysSupply,
    },
    index,
  );
  const drafted = draftPrescription(request, medication, {
    id: randomUUID(),
    patient,
    practitioner,
    drug,
    at,
  });
  const prescription: MedicationRequest & { id: string } = {
    ...drafted,
    identifier: [{ system: RX_NUMBER, value: await nextRxNumber(store, at) }],
    groupIdentifier: { system: ORDER_NUMBER, value: orderNumber },
    priority,
    ...(pharmacy?.id !== undefined && {
      dispenseRequest: {
        ...drafted.dispenseRequest,
        performer: { reference: `Organization/${pharmacy.id}`, display: pharmacy.name },
      },
    }),
  };
  const provenance = prescribedBy(prescription, actor, { at, activity: 'CREATE' });
  const [contained] = prescription.contained ?? [];
  return {
    request: prescription,
    medication: contained as Medication,
    task: itemTask(prescription, facts),
    provenance,
  };
}

const RX_NUMBER = 'https://crosswalk.example/fhir/NamingSystem/rx-number';

function serviceRequest(known: KnownItem, facts: ItemFacts, index: number): ItemRequest & { id: string } {
  const { patient, practitioner, at, orderNumber, priority } = facts;
  const fields = { type: known.input.type, ...fieldsOf(known) };
  const { request } = written<{ request: ItemRequest }>(orderServiceMapping, fields, index);
  return {
    ...(request as Extract<ItemRequest, { resourceType: 'ServiceRequest' }>),
    id: randomUUID(),
    requisition: { system: ORDER_NUMBER, value: orderNumber },
    priority,
    subject: to<Patient>(patient),
    requester: to<Practitioner>(practitioner, providerName(practitioner)),
    authoredOn: at.toISOString(),
  };
}

function productRequest(known: KnownItem, facts: ItemFacts, index: number): SupplyRequest & { id: string } {
  const { patient, practitioner, at, orderNumber, priority } = facts;
  const { request } = written<{ request: SupplyRequest }>(orderProductMapping, fieldsOf(known), index);
  return {
    ...request,
    id: randomUUID(),
    identifier: [{ system: ORDER_NUMBER, value: orderNumber }],
    priority,
    deliverTo: to<Patient>(patient),
    requester: to<Practitioner>(practitioner, providerName(practitioner)),
    authoredOn: at.toISOString(),
  };
}

function fieldsOf({ input, quantity }: KnownItem): Record<string, unknown> {
  const { name, unit, size, instructions } = input;
  return { name, quantity, unit, size, instructions };
}

/** @throws ProblemError invalid naming the field of the item */
function written<T>(
  mapping: typeof orderMedicationMapping,
  values: Readonly<Record<string, unknown>>,
  index: number,
): T {
  const { bound, issues } = mapping.write(values);
  if (issues.length > 0) {
    throw refuse(
      issues.map(({ field, expected }) => ({
        field: `items[${index}].${field}`,
        message: `Must be ${expected}`,
      })),
    );
  }
  return bound as T;
}

/** The Task of an item bears the id of its request, so that one is found from the other without a search. */
function itemTask(
  request: ItemRequest & { id: string },
  { orderId, patient, at }: ItemFacts,
): Task & { id: string } {
  return {
    resourceType: 'Task',
    id: request.id,
    status: 'requested',
    intent: 'order',
    code: { coding: [{ system: 'http://hl7.org/fhir/CodeSystem/task-code', code: 'fulfill' }] },
    businessStatus: itemBusinessStatus('pending'),
    focus: to(request),
    for: to<Patient>(patient),
    partOf: [{ reference: `Task/${orderId}` }],
    authoredOn: at.toISOString(),
    lastModified: at.toISOString(),
  };
}
