import type { DermifiEndpoint } from '../endpoint';
import type { DermifiServices } from '../services';
import { authEndpoints } from './auth';
import { historyEndpoints } from './history';
import { noteEndpoints } from './notes';
import { orderEndpoints } from './orders';
import { patientEndpoints } from './patients';
import { prescriptionEndpoints } from './prescriptions';
import { providerEndpoints } from './providers';
import { refillEndpoints } from './refills';

/** Every endpoint of the document, area by area. */
export function documentedEndpoints(services: DermifiServices): DermifiEndpoint[] {
  return [
    ...authEndpoints(services),
    ...patientEndpoints(services),
    ...historyEndpoints(services),
    ...noteEndpoints(services),
    ...providerEndpoints(services),
    ...orderEndpoints(services),
    ...prescriptionEndpoints(services),
    ...refillEndpoints(services),
  ];
}
