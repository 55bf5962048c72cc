/** Orders: what the Dermifi document calls so, on RequestGroup, Task, Invoice and what is ordered. */
export type { Cancellation } from './cancel';
export { type Cost, costOf, type PricedItem } from './cost';
export type { NewOrder, NewOrderPharmacy } from './create';
export type { Fulfilment, Fulfiller } from './fulfil';
export type { NewItem } from './items';
export { orderMapping, orderMedicationMapping, orderProductMapping, orderServiceMapping } from './mapping';
export type { OrderList, OrderQuery } from './read';
export { orderRules } from './rules';
export { createOrders, type Orders } from './service';
export { ORDER_STATUSES, type OrderStatus } from './status';
export { businessDaysAfter, durationText } from './time';
