import type { Identity } from '../../identity';
import type { Orders } from '../../orders';
import type { Prescriptions } from '../../prescriptions';
import type { Store } from '../../store';

/** What the face needs of the house. */
export interface DermifiServices {
  identity: Identity;
  store: Store;
  orders: Orders;
  prescriptions: Prescriptions;
  /** Base of the server's URLs. */
  publicUrl: string;
}
