import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readProviders, writeProviders } from '../directory';
import { serverContext } from '../house';
import type { Store } from '../store';

/** Providers of the demonstration, in the form that operators import. */
const DEMO_PROVIDERS = join(__dirname, '..', '..', 'demo', 'providers.csv');

/** Seeds the provider directory: behavioral health services in all counties of Arizona. */
export async function seedDirectory(house: { store: Store }): Promise<void> {
  await writeProviders(house.store, readProviders(readFileSync(DEMO_PROVIDERS, 'utf8')), serverContext());
}
