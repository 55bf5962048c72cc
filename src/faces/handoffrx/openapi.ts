import type { Route } from '../../http';
import { ERROR, MATCHES, PROVIDER_PAGE, type QueryParameter, REFERRAL_PAGE, type Schema } from './schemas';

/** What the document says of an endpoint besides its path; `body` and `answer` name schemas. */
export interface Operation {
  summary: string;
  scope: string;
  query?: Readonly<Record<string, QueryParameter>>;
  body?: string;
  idempotent?: boolean;
  status: number;
  answer: string;
}

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

const LIMIT_HEADERS = {
  'RateLimit-Limit': { schema: { type: 'string' }, description: 'Requests of the window.' },
  'RateLimit-Remaining': { schema: { type: 'string' }, description: 'Requests left in the window.' },
  'RateLimit-Reset': { schema: { type: 'string' }, description: 'Seconds until the window ends.' },
};

const reference = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: Schema): object => ({ 'application/json': { schema } });

/** The OpenAPI 3.1 document of the endpoints, from the schemas that validate. https://spec.openapis.org/oas/v3.1.0 */
export function openApiDocument(
  endpoints: readonly { route: Route; operation: Operation }[],
  schemas: Readonly<Record<string, Schema>>,
  serverUrl: string,
): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { route, operation } of endpoints) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operationObject(route, operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'HandoffRx REST API',
      version: '1',
      description: 'Behavioral health referrals, provider directory and clinical matching.',
    },
    servers: [{ url: `${serverUrl}/api/v1` }],
    security: [{ apiKey: [] }],
    paths,
    components: {
      securitySchemes: {
        apiKey: { type: 'http', scheme: 'bearer', description: 'An API key that starts with hrx_.' },
      },
      schemas: {
        ...schemas,
        ReferralPage: REFERRAL_PAGE,
        ProviderPage: PROVIDER_PAGE,
        Matches: MATCHES,
        Error: ERROR,
      },
    },
  };
}

function operationObject(route: Route, operation: Operation): object {
  const { summary, scope, body, status, answer } = operation;
  const refusals = Object.entries(REFUSALS).map(([code, description]) => {
    return [code, { description, headers: LIMIT_HEADERS, content: json(reference('Error')) }];
  });
  return {
    summary,
    description: `Requires the scope ${scope}.`,
    parameters: parametersOf(route, operation),
    ...(body !== undefined && { requestBody: { required: true, content: json(reference(body)) } }),
    responses: {
      [status]: { description: 'Success', headers: LIMIT_HEADERS, content: json(reference(answer)) },
      ...(Object.fromEntries(refusals) as Record<string, object>),
    },
  };
}

function parametersOf(route: Route, { query = {}, idempotent }: Operation): object[] {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(query).map(
    ([name, { description, kind, values, minimum, default: initial }]) => ({
      name,
      in: 'query',
      description,
      schema: {
        type: kind === 'choice' ? 'string' : kind,
        ...(values && { enum: values }),
        ...(minimum !== undefined && { minimum }),
        ...(initial !== undefined && { default: initial }),
      },
    }),
  );
  const key = {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'Makes a retry safe for 24 hours.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  };
  return [...inPath, ...inQuery, ...(idempotent === true ? [key] : [])];
}
