import { type Provider, type ProviderMatch, slotField } from '../../directory';

function slotFields(provider: Provider): Record<string, number> {
  return Object.fromEntries(provider.slots.map(({ level, count }) => [slotField(level), count]));
}

/** A provider of the list. HandoffRx, "Providers". */
export function providerView(provider: Provider): Record<string, unknown> {
  return {
    id: provider.id,
    practice: provider.practice,
    county: provider.county ?? null,
    facility_type: provider.facilityType ?? null,
    ...slotFields(provider),
    insurance_accepted: provider.insurance,
    accepting_clients: provider.isAccepting,
  };
}

/** A match. HandoffRx, "Clinical Matching". */
export function matchView({ provider, score, reasons }: ProviderMatch): Record<string, unknown> {
  return {
    provider_id: provider.id,
    practice: provider.practice,
    score,
    reasons,
    ...slotFields(provider),
    county: provider.county ?? null,
    facility_type: provider.facilityType ?? null,
  };
}
