/** The provider directory: what FHIR says of services, places and practices, kept in memory for lists and matching. */
export { createDirectory, directoryRules, type Directory, type DirectoryView } from './directory';
export { type ProviderRow, readProviders, writeProviders } from './import';
export { matchProviders, type MatchRequest, type ProviderMatch } from './match';
export { COUNTIES, type Provider, providerMapping, providerOf, slotField } from './provider';
export { type ClinicalCriteria, type ClinicalFacts } from './scorer';
export { LEVELS_OF_CARE, RISK_LEVELS, specialtiesFor } from './specialties';
