import type { Identity } from '../../identity';
import type { Store } from '../../store';

/** What the face needs of the house. */
export interface DermifiServices {
  identity: Identity;
  store: Store;
  /** Base of the server's URLs. */
  publicUrl: string;
}
