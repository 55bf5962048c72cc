import type { Route } from '../http';
import { parameterSchema, type QueryParameters } from './query';
import type { Schema } from './schema';

/** What the document says of an endpoint besides its path. */
export interface Operation {
  summary: string;
  description?: string;
  tag?: string;
  query?: QueryParameters;
  /** Parameters of the header, as OpenAPI writes them. */
  headers?: readonly object[];
  /** Name of the schema of the body. */
  body?: string;
  bodyOptional?: boolean;
  /** Media type of the body; JSON by default. */
  bodyType?: string;
  status: number;
  /** Name of the schema of the answer; none for answers without a body. */
  answer?: string;
  /** Needs no credential. */
  open?: boolean;
}

/** One endpoint: the route that answers, and what the OpenAPI document says of it. */
export interface Endpoint {
  route: Route;
  operation: Operation;
}

/** An API as a whole. */
export interface ApiDescription {
  title: string;
  version: string;
  description: string;
  /** URL that the paths are below. */
  server: string;
  /** Named security scheme of every endpoint that is not open. */
  security: { name: string; scheme: object };
  /** Schemas by name; `Error` is the shape of every refusal. */
  schemas: Readonly<Record<string, Schema>>;
  /** Documented refusals by status. */
  refusals: Readonly<Record<string, string>>;
  /** Headers of every answer. */
  headers: Readonly<Record<string, object>>;
}

/** Headers in which an API tells what is left of a limit: `<prefix>-Limit`, `-Remaining`, `-Reset`. */
export function limitHeaders(prefix: string, window: string, reset: string): ApiDescription['headers'] {
  const told = {
    Limit: `Requests of the ${window}.`,
    Remaining: `Requests left in the ${window}.`,
    Reset: reset,
  };
  return Object.fromEntries(
    Object.entries(told).map(([name, description]) => [
      `${prefix}-${name}`,
      { schema: { type: 'string' }, description },
    ]),
  );
}

/** The route that shows an API's own document to everybody. */
export function documentRoute(document: object): Route {
  return {
    method: 'get',
    path: '/openapi.json',
    interaction: 'capabilities',
    action: 'R',
    open: true,
    unaudited: true,
    handle: () => Promise.resolve({ status: 200, body: document }),
  };
}

const reference = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/** The OpenAPI 3.1 document of the endpoints, from the schemas that validate. https://spec.openapis.org/oas/v3.1.0 */
export function openApiDocument(endpoints: readonly Endpoint[], api: ApiDescription): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const { route, operation } of endpoints) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method]: operationObject(route, operation, api) };
  }
  const { name, scheme } = api.security;
  return {
    openapi: '3.1.0',
    info: { title: api.title, version: api.version, description: api.description },
    servers: [{ url: api.server }],
    security: [{ [name]: [] }],
    paths,
    components: { securitySchemes: { [name]: scheme }, schemas: api.schemas },
  };
}

function operationObject(route: Route, operation: Operation, api: ApiDescription): object {
  const { summary, description, tag, body, bodyType = 'application/json', status, answer } = operation;
  const refusal = { 'application/json': { schema: reference('Error') } };
  const refusals = Object.entries(api.refusals).map(([code, told]): [string, object] => {
    return [code, { description: told, headers: api.headers, content: refusal }];
  });
  const success = {
    description: answer === undefined ? 'No content' : 'Success',
    headers: api.headers,
    ...(answer !== undefined && { content: { 'application/json': { schema: reference(answer) } } }),
  };
  return {
    summary,
    ...(description !== undefined && { description }),
    ...(tag !== undefined && { tags: [tag] }),
    ...(operation.open === true && { security: [] }),
    parameters: parametersOf(route, operation),
    ...(body !== undefined && {
      requestBody: {
        required: operation.bodyOptional !== true,
        content: { [bodyType]: { schema: reference(body) } },
      },
    }),
    responses: { [status]: success, ...Object.fromEntries(refusals) },
  };
}

function parametersOf(route: Route, { query = {}, headers = [] }: Operation): object[] {
  const inPath = [...route.path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = Object.entries(query).map(([name, parameter]) => ({
    name,
    in: 'query',
    description: parameter.description,
    ...(parameter.required === true && { required: true }),
    ...(parameter.kind === 'list' && { style: 'form', explode: false }),
    schema: parameterSchema(parameter),
  }));
  return [...inPath, ...inQuery, ...headers];
}
