import type { Exchange } from '../../http';
import type { Identity, Principal } from '../../identity';
import type { Orders } from '../../orders';
import type { Prescriptions } from '../../prescriptions';
import type { Store } from '../../store';

/** What the face needs of the house. */
export interface DermifiServices {
  identity: Identity;
  store: Store;
  orders: Orders;
  prescriptions: Prescriptions;
  /** The user of a dashboard session; undefined when the request shows none. @throws ProblemError */
  dashboardUser(x: Exchange): Promise<Principal | undefined>;
  /** Base of the server's URLs. */
  publicUrl: string;
}
