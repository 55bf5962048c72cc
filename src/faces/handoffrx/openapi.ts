import { type Endpoint, limitHeaders, openApiDocument, type Schema } from '../../contract';
import { ERROR, MATCHES, PROVIDER_PAGE, REFERRAL_PAGE } from './schemas';

const REFUSALS: Readonly<Record<string, string>> = {
  '401': 'Missing or invalid API key',
  '403': 'API key lacks required scope for this action',
  '404': "Resource does not exist or you don't have access",
  '409':
    'A request with the same Idempotency-Key is still at work, or others keep changing the same referral',
  '413': 'The body is too large',
  '422': 'Missing required fields or validation error',
  '429': 'Rate limit exceeded',
  '500': 'Internal error - contact support',
  '503': 'Not available at the moment',
};

const LIMIT_HEADERS = limitHeaders('RateLimit', 'window', 'Seconds until the window ends.');

/** The OpenAPI document of the HandoffRx API. */
export function describeApi(
  endpoints: readonly Endpoint[],
  schemas: Readonly<Record<string, Schema>>,
  publicUrl: string,
): object {
  return openApiDocument(endpoints, {
    title: 'HandoffRx REST API',
    version: '1',
    description: 'Behavioral health referrals, provider directory and clinical matching.',
    server: `${publicUrl}/api/v1`,
    security: {
      name: 'apiKey',
      scheme: { type: 'http', scheme: 'bearer', description: 'An API key that starts with hrx_.' },
    },
    schemas: {
      ...schemas,
      ReferralPage: REFERRAL_PAGE,
      ProviderPage: PROVIDER_PAGE,
      Matches: MATCHES,
      Error: ERROR,
    },
    refusals: REFUSALS,
    headers: LIMIT_HEADERS,
  });
}
