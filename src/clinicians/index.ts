/** Providers of a practice, their places, hours and appointments. Dermifi, "Providers API". */
export { appointmentView, type AppointmentView, isShown, placesOf } from './appointments';
export { TIMEZONE, zoneOf } from './locations';
export { providerMapping, PROVIDER_STATUSES, type ProviderStatus, type ProviderResources } from './mapping';
export { conceptText, personName, providerName } from './names';
export {
  createProvider,
  findProvider,
  listProviders,
  type NewProvider,
  type Provider,
  type ProviderFilter,
  providerView,
  type ProviderView,
} from './providers';
export { scheduleOf, type ScheduleRequest } from './schedule';
export {
  providerStandings,
  type ProviderStanding,
  type StandingFilter,
  type Verification,
  verifyProvider,
} from './verify';
