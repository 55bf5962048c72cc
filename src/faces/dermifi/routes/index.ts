import type { DermifiEndpoint } from '../endpoint';
import type { DermifiServices } from '../services';
import { authEndpoints } from './auth';
import { providerEndpoints } from './providers';

/** Every endpoint of the document, area by area. */
export function documentedEndpoints(services: DermifiServices): DermifiEndpoint[] {
  return [...authEndpoints(services), ...providerEndpoints(services)];
}
