import { DEFAULT_LIMITS, type BundleRunner } from './faces/fhir';
import type { House } from './house';
import { explain } from './store';

/** What the FHIR interactions need of the house, whoever asks for them; rights and other limits are the caller's. */
export function interactionServices(house: House): Omit<BundleRunner, 'rowsFor'> {
  const { config, connection, store, audit, directory, notify, searchParameters } = house;
  return {
    store,
    searchParameters,
    subscriptions: notify.subscriptions,
    directory,
    explain: (viewer, asked) => explain({ connection }, viewer, asked),
    trail: audit.trail,
    baseUrl: `${config.publicUrl}/fhir/R4`,
    crossOrigin: config.corsOrigins.length > 0,
    limits: DEFAULT_LIMITS,
    validation: 'strict',
  };
}
