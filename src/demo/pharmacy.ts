import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readFormulary } from '../formulary';
import { serverContext } from '../house';
import { readPharmacies } from '../pharmacy';
import type { Store } from '../store';
import { writeAll } from '../tables';

const DEMO = join(__dirname, '..', '..', 'demo');

/** Pharmacies and formulary of the demonstration, in the form that operators import. */
export const DEMO_PHARMACIES = join(DEMO, 'pharmacies.csv');
export const DEMO_FORMULARY = join(DEMO, 'formulary.csv');

/** Seeds the pharmacies that prescriptions can be sent to, and a small dermatology formulary with its fees. */
export async function seedPharmacy({ store }: { store: Store }): Promise<void> {
  await writeAll(store, readPharmacies(readFileSync(DEMO_PHARMACIES, 'utf8')), serverContext());
  await writeAll(store, readFormulary(readFileSync(DEMO_FORMULARY, 'utf8')), serverContext());
}
