import { type Endpoint, exactly, limitHeaders, openApiDocument, type Schema } from '../../contract';

const REFUSALS: Readonly<Record<string, string>> = {
  '400': 'Bad Request - Invalid request parameters',
  '401': 'Unauthorized - Invalid or missing authentication',
  '403': 'Forbidden - Insufficient permissions',
  '404': 'Not Found - Resource not found',
  '409': 'Conflict - Resource already exists, or its present state does not allow this',
  '413': 'Payload Too Large',
  '422': 'Unprocessable Entity - Validation error',
  '429': 'Too Many Requests - Rate limit exceeded',
  '500': 'Internal Server Error - Server error occurred',
  '503': 'Service Unavailable - Service temporarily unavailable',
};

/** Dermifi, "Rate Limiting". */
const LIMIT_HEADERS = limitHeaders('X-RateLimit', 'hour', 'When the hour ends, in Unix seconds.');

/** Dermifi, "Error Response Format". */
const ERROR: Schema = exactly({
  error: exactly({
    code: { type: 'string' },
    message: { type: 'string' },
    details: { type: 'array', items: exactly({ field: { type: 'string' }, message: { type: 'string' } }) },
    requestId: { type: 'string' },
    timestamp: { type: 'string', format: 'date-time' },
  }),
});

/** The OpenAPI document of the Dermifi API. */
export function describeApi(
  endpoints: readonly Endpoint[],
  schemas: Readonly<Record<string, Schema>>,
  publicUrl: string,
): object {
  return openApiDocument(endpoints, {
    title: 'Dermifi API',
    version: '1',
    description: 'Dermatology practice management, patient care and prescription workflows.',
    server: `${publicUrl}/v1`,
    security: {
      name: 'accessToken',
      scheme: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'From POST /auth/login.' },
    },
    schemas: { ...schemas, Error: ERROR },
    refusals: REFUSALS,
    headers: LIMIT_HEADERS,
  });
}
