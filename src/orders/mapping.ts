import type {
  Invoice,
  Medication,
  MedicationRequest,
  Patient,
  Practitioner,
  RequestGroup,
  ServiceRequest,
  SupplyRequest,
  Task,
} from '@medplum/fhirtypes';
import { personName, providerName } from '../clinicians';
import { type CodecMaker, type Derive, loadMapping, type Mapping, REFUSED, toSecond } from '../mapping';
import type { Pharmacy } from '../pharmacy';
import { itemStatusOf, statusOfOrder } from './status';

/** What can be ordered. */
export type ItemRequest = MedicationRequest | ServiceRequest | SupplyRequest;

/** One item of an order with its Task. */
export interface OrderItem {
  request: ItemRequest & { id: string };
  task?: Task | undefined;
  medication?: Medication | undefined;
}

/** The resources of one order. An EHR's may come without Task, Invoice or number. */
export interface OrderResources {
  rg: RequestGroup;
  task?: Task;
  invoice?: Invoice;
  patient?: Patient;
  practitioner?: Practitioner;
}

/** What derived fields need besides the resources. */
export interface OrderContext {
  pharmacy?: Pharmacy | undefined;
}

const LAB = { system: 'http://snomed.info/sct', code: '108252007', display: 'Laboratory procedure' };
const IMAGING = { system: 'http://snomed.info/sct', code: '363679005', display: 'Imaging' };

/** Laboratory and imaging by the categories of US Core. http://hl7.org/fhir/us/core/ValueSet/us-core-servicerequest-category */
const itemCategory: CodecMaker = () => ({
  expected: 'lab or imaging',
  toFhir: (value) =>
    value === 'lab' ? { coding: [LAB] } : value === 'imaging' ? { coding: [IMAGING] } : REFUSED,
  toVendor: (value) => {
    const codes = ((value as { coding?: { code?: string }[] }).coding ?? []).map(({ code }) => code);
    return codes.includes(IMAGING.code) ? 'imaging' : codes.includes(LAB.code) ? 'lab' : undefined;
  },
});

type Bound = Partial<OrderResources>;

const derive: Readonly<Record<string, Derive>> = {
  nothing: () => null,
  medicationItem: () => 'medication',
  productItem: () => 'product',
  patientName: (value, bound) => personName((bound as Bound).patient?.name) ?? value,
  providerName: (value, bound) => {
    const { practitioner } = bound as Bound;
    return practitioner === undefined ? value : providerName(practitioner);
  },
  orRoutine: (value) => (value === 'asap' ? 'urgent' : (value ?? 'routine')),
  orderStatus: (value, bound) => {
    const { rg, task } = bound as Bound;
    return rg === undefined ? value : statusOfOrder(rg, task);
  },
  // What nobody has changed since was updated when it was made, whatever the commit took.
  orMade: (value, bound) => {
    const { meta, lastModified } = (bound as Bound).task ?? {};
    const isNew = meta?.versionId === '1' && lastModified !== undefined;
    return isNew ? toSecond(lastModified) : value;
  },
  itemCount: (_value, bound) => itemReferences((bound as Bound).rg).length,
  ifCompleted: (value, bound) => {
    const { rg, task } = bound as Bound;
    return rg !== undefined && statusOfOrder(rg, task) === 'completed' ? value : undefined;
  },
  pharmacy: (_value, _bound, context) => {
    const { pharmacy } = (context ?? {}) as OrderContext;
    if (pharmacy === undefined) return null;
    return { id: pharmacyId(pharmacy), name: pharmacy.name, ncpdpId: pharmacy.ncpdpId };
  },
  itemStatus: (_value, bound) => {
    const { request, task } = bound as unknown as OrderItem;
    return itemStatusOf(task, request.status);
  },
};

const options = { derive, codecs: { 'item-category': itemCategory } };

/** `mappings/dermifi/order*.yaml`, compiled. */
export const orderMapping: Mapping = loadMapping('dermifi/order', options);
export const orderMedicationMapping: Mapping = loadMapping('dermifi/order-medication', options);
export const orderServiceMapping: Mapping = loadMapping('dermifi/order-service', options);
export const orderProductMapping: Mapping = loadMapping('dermifi/order-product', options);

const ITEM_MAPPINGS: Readonly<Record<ItemRequest['resourceType'], Mapping>> = {
  MedicationRequest: orderMedicationMapping,
  ServiceRequest: orderServiceMapping,
  SupplyRequest: orderProductMapping,
};

/** An item in the fields of a view: `created` or `detail`. */
export function itemView(item: OrderItem, view: 'created' | 'detail'): Record<string, unknown> {
  return ITEM_MAPPINGS[item.request.resourceType].read({ ...item }, view);
}

/** References of a RequestGroup to what can be ordered, in order. */
export function itemReferences(
  rg: RequestGroup | undefined,
): { type: ItemRequest['resourceType']; id: string }[] {
  return (rg?.action ?? []).flatMap(({ resource }) => {
    const [, type, id] =
      /^(MedicationRequest|ServiceRequest|SupplyRequest)\/([A-Za-z0-9\-.]{1,64})$/.exec(
        resource?.reference ?? '',
      ) ?? [];
    return type === undefined || id === undefined ? [] : [{ type: type as ItemRequest['resourceType'], id }];
  });
}

export function pharmacyId({ id }: Pharmacy): string | null {
  return id === undefined ? null : `pharm_${id}`;
}
