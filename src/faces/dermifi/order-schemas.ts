import { exactly, listOf, object, oneOf, orNull, type Schema, text } from '../../contract';
import { ORDER_STATUSES } from '../../orders';
import {
  COUNT,
  DATE_OR_NULL,
  FLAG,
  ID,
  id,
  NOTES,
  NUMBER,
  PRIORITIES,
  QUANTITY,
  TIME_OR_NULL,
  TIME_SHOWN,
} from './prescription-schemas';
import { ADDRESS, KNOWN, nullable, PHONE } from './schemas';

const TYPES = ['prescription', 'lab', 'imaging', 'product'] as const;
const ITEM_TYPES = ['medication', 'lab', 'imaging', 'product'] as const;
const AMOUNT: Schema = { type: 'number' };

/** An object of a request, or null for "not given". */
const orNothing = (schema: Schema): Schema => ({ ...schema, type: ['object', 'null'] });

/** Dermifi, "Create new order". */
export const NEW_ORDER = object(
  {
    patientId: id('patient', 'pat_123'),
    providerId: id('provider', 'prov_789'),
    type: oneOf(TYPES),
    priority: orNull(oneOf(PRIORITIES)),
    items: {
      type: 'array',
      minItems: 1,
      maxItems: 100,
      'x-expected': 'a list of 1 to 100 items',
      items: object(
        {
          type: oneOf(ITEM_TYPES),
          name: text(200, 'What is ordered.', 'Tretinoin Cream 0.025%'),
          quantity: orNull(QUANTITY),
          unit: orNull(text(50, 'Unit of the quantity.', 'tube')),
          size: orNull(text(50, 'Size of the package.', '45g')),
          instructions: orNull(text(1000, 'What the patient is to do.', 'Apply twice daily')),
        },
        ['type', 'name'],
      ),
    },
    pharmacy: orNothing(
      object({
        id: orNull(id('pharmacy', 'pharm_456')),
        name: orNull(text(200, 'Name.', 'CVS Pharmacy')),
        address: orNull(text(500, 'Address in one line.', '123 Market St, San Francisco, CA 94105')),
        phone: orNull(PHONE),
        fax: orNull(PHONE),
      }),
    ),
    shipping: orNothing(
      object({
        method: orNull(text(100, 'How it is shipped.', 'mail')),
        address: orNothing(ADDRESS),
        expedited: FLAG,
      }),
    ),
    notes: orNull(NOTES),
  },
  ['patientId', 'providerId', 'type', 'items'],
);

const head = {
  id: ID,
  orderNumber: KNOWN,
  patientId: KNOWN,
  providerId: KNOWN,
  type: KNOWN,
  priority: oneOf(PRIORITIES),
  status: oneOf(ORDER_STATUSES),
};

export const ORDER = exactly({
  ...head,
  items: listOf(
    exactly({
      id: ID,
      type: KNOWN,
      name: KNOWN,
      genericName: KNOWN,
      quantity: NUMBER,
      unit: KNOWN,
      size: KNOWN,
      ndcCode: KNOWN,
      instructions: KNOWN,
      refills: { type: ['integer', 'null'] },
      daysSupply: NUMBER,
    }),
  ),
  pharmacy: nullable(exactly({ id: KNOWN, name: KNOWN, ncpdpId: KNOWN })),
  totalCost: nullable(
    exactly({ subtotal: AMOUNT, insurance: AMOUNT, copay: AMOUNT, tax: AMOUNT, total: AMOUNT }),
  ),
  createdAt: TIME_SHOWN,
  estimatedReadyTime: TIME_OR_NULL,
});

export const ORDER_LIST = exactly({
  orders: listOf(
    exactly({
      id: ID,
      orderNumber: KNOWN,
      patientName: KNOWN,
      providerName: KNOWN,
      type: KNOWN,
      status: oneOf(ORDER_STATUSES),
      itemCount: COUNT,
      totalAmount: NUMBER,
      createdAt: TIME_OR_NULL,
      priority: oneOf(PRIORITIES),
      completedAt: TIME_OR_NULL,
    }),
  ),
  pagination: exactly({ page: COUNT, limit: COUNT, total: COUNT }),
});

export const ORDER_DETAIL = exactly({
  id: ID,
  orderNumber: KNOWN,
  patient: nullable(exactly({ id: KNOWN, name: KNOWN, dateOfBirth: DATE_OR_NULL, phone: KNOWN })),
  provider: nullable(exactly({ id: KNOWN, name: KNOWN, npiNumber: KNOWN })),
  type: KNOWN,
  priority: oneOf(PRIORITIES),
  status: oneOf(ORDER_STATUSES),
  statusHistory: listOf(exactly({ status: oneOf(ORDER_STATUSES), timestamp: TIME_OR_NULL, notes: KNOWN })),
  items: listOf(
    exactly({
      id: ID,
      type: KNOWN,
      name: KNOWN,
      status: oneOf(['pending', 'sent_to_pharmacy', 'fulfilled', 'cancelled']),
      quantity: NUMBER,
      refills: { type: ['integer', 'null'] },
      prescriptionId: KNOWN,
    }),
  ),
  pharmacy: nullable(exactly({ id: KNOWN, name: KNOWN, phone: KNOWN, status: { type: 'string' } })),
  createdAt: TIME_OR_NULL,
  updatedAt: TIME_OR_NULL,
});

/** Dermifi, "Cancel order". */
export const CANCELLATION = object({
  reason: orNull(text(200, 'Why.', 'patient_request')),
  notes: orNull(text(5000, 'More about it.', 'Patient found alternative treatment')),
});

export const ORDER_CANCELLED = exactly({
  id: ID,
  status: oneOf(['cancelled']),
  cancelledAt: TIME_OR_NULL,
  cancelledBy: ID,
  reason: KNOWN,
  notes: KNOWN,
  refund: nullable(
    exactly({ amount: AMOUNT, status: { type: 'string' }, expectedDate: { type: 'string', format: 'date' } }),
  ),
});

/** Dermifi, "Mark order as fulfilled". */
export const FULFILMENT = object({
  fulfilledBy: orNull(id('pharmacy or provider', 'pharm_456')),
  fulfilledItems: {
    type: ['array', 'null'],
    minItems: 1,
    maxItems: 100,
    uniqueItems: true,
    items: id('item', 'item_001'),
    'x-expected': 'a list of ids of items, each once',
  },
  pickupMethod: orNull(text(100, 'How it was handed over.', 'in_store')),
  notes: orNull(text(5000, 'More about it.', 'Patient picked up at 2:30 PM')),
});

export const ORDER_FULFILLED = exactly({
  id: ID,
  status: oneOf(['processing', 'completed']),
  fulfilledAt: TIME_SHOWN,
  fulfilledBy: ID,
  fulfilledItems: listOf(ID),
  pickupMethod: KNOWN,
  completionTime: KNOWN,
});
