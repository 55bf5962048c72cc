import type { Formulary } from '../formulary';
import type { PharmacyNetwork } from '../pharmacy';
import type { Store } from '../store';

/** What this room works with. */
export interface OrderServices {
  store: Store;
  formulary: Formulary;
  network: PharmacyNetwork;
  clock: () => Date;
}
