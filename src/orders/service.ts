import type { Actor, Shown } from '../prescriptions';
import type { Viewer } from '../store';
import { type Cancellation, cancelOrder } from './cancel';
import { createOrder, type NewOrder } from './create';
import { type Fulfilment, fulfilOrder } from './fulfil';
import { listOrders, type OrderList, type OrderQuery, readOrder } from './read';
import type { OrderServices } from './services';

/** Orders of a practice. Dermifi, "Orders API". Ids are FHIR ids. */
export interface Orders {
  create(actor: Actor, input: NewOrder): Promise<Shown>;
  list(viewer: Viewer, query: OrderQuery): Promise<OrderList>;
  read(viewer: Viewer, id: string): Promise<Shown>;
  cancel(actor: Actor, id: string, input: Cancellation): Promise<Shown>;
  fulfil(actor: Actor, id: string, input: Fulfilment): Promise<Shown>;
}

/** Orders on the record. @param given.clock for tests; default the machine's */
export function createOrders(given: Omit<OrderServices, 'clock'> & { clock?: () => Date }): Orders {
  const services: OrderServices = { clock: () => new Date(), ...given };
  const { store } = services;
  return {
    create: (actor, input) => createOrder(services, actor, input),
    list: (viewer, query) => listOrders(store, viewer, query),
    read: (viewer, id) => readOrder(store, viewer, id),
    cancel: (actor, id, input) => cancelOrder(services, actor, id, input),
    fulfil: (actor, id, input) => fulfilOrder(services, actor, id, input),
  };
}
