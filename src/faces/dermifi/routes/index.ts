import type { DermifiEndpoint } from '../endpoint';
import type { DermifiServices } from '../services';
import { authEndpoints } from './auth';
import { patientEndpoints } from './patients';
import { providerEndpoints } from './providers';

/** Every endpoint of the document, area by area. */
export function documentedEndpoints(services: DermifiServices): DermifiEndpoint[] {
  return [...authEndpoints(services), ...patientEndpoints(services), ...providerEndpoints(services)];
}
