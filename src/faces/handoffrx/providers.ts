import { type Directory, matchProviders, type MatchRequest, type Provider } from '../../directory';
import type { Exchange, Reply } from '../../http';
import { queryOf } from './referrals';
import { bodyReader, readQuery } from './requests';
import { MATCH_REQUEST, PROVIDER_QUERY } from './schemas';
import { matchView, providerView } from './views';

const readMatch = bodyReader<MatchRequest>(MATCH_REQUEST);

/** `GET /providers`. HandoffRx, "Providers". */
export async function listProviders(x: Exchange, directory: Directory): Promise<Reply> {
  const { county, facility_type, has_availability, limit, offset } = readQuery(x, PROVIDER_QUERY);
  const page = { limit: Number(limit), offset: Number(offset) };
  const same = (text: string | undefined, wanted: unknown): boolean =>
    wanted === undefined || text?.toLowerCase() === String(wanted).toLowerCase();
  const matches = (await directory.current()).providers.filter(
    (provider) =>
      provider.isAccepting &&
      same(provider.county, county) &&
      same(provider.facilityType, facility_type) &&
      (has_availability === undefined || has_availability === hasSlots(provider)),
  );
  const shown = matches.slice(page.offset, page.offset + page.limit);
  x.audit = { ...x.audit, query: queryOf(x), resources: shown.map(({ id }) => `HealthcareService/${id}`) };
  return { status: 200, body: { data: shown.map(providerView), count: matches.length, ...page } };
}

function hasSlots({ slots }: Provider): boolean {
  return slots.some(({ count }) => count > 0);
}

/** `POST /match`. HandoffRx, "Clinical Matching". Audited with inputs, provider ids, scores and reasons. */
export async function match(x: Exchange, directory: Directory): Promise<Reply> {
  readQuery(x, {});
  const request = readMatch(x);
  const matches = matchProviders(await directory.current(), request);
  x.audit = {
    ...x.audit,
    query: queryOf(x),
    resources: matches.map(({ provider }) => `HealthcareService/${provider.id}`),
    details: [
      ...Object.entries(request).flatMap(([type, value]: [string, string | null]) =>
        value === null ? [] : [{ type: `input.${type}`, value }],
      ),
      ...matches.map(({ provider: { id, practice }, score, reasons }, i) => ({
        type: `match.${i + 1}`,
        value: JSON.stringify({ provider_id: id, practice, score, reasons }),
      })),
    ],
  };
  return { status: 200, body: { matches: matches.map(matchView) } };
}
