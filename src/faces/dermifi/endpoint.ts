import type { Endpoint, Operation, Schema } from '../../contract';
import { ProblemError } from '../../fhir';
import type { Exchange, Route } from '../../http';
import { holds, type Permission } from '../../identity';

/** A named schema: its name in the OpenAPI document and the schema that validates. */
export interface NamedSchema {
  name: string;
  schema: Schema;
}

/** One endpoint of the document. */
export interface DermifiEndpoint extends Pick<
  Route,
  'method' | 'path' | 'interaction' | 'action' | 'handle'
> {
  tag: string;
  summary: string;
  /** The right that it needs (decisions, "Rights"); without one it is open to everybody. */
  right?: Permission | 'fulfil' | 'signed-in';
  query?: Operation['query'];
  body?: NamedSchema & { optional?: boolean; type?: string };
  status: number;
  answer?: NamedSchema;
  /** What the route needs beyond that: streamed bodies, larger limits. */
  route?: Pick<Route, 'body' | 'bodyLimit' | 'unlimited' | 'unaudited'>;
}

/** An area's endpoints as the face serves and describes them, and the schemas that they name. */
export function describe(endpoints: readonly DermifiEndpoint[]): {
  endpoints: Endpoint[];
  schemas: Record<string, Schema>;
} {
  const named = endpoints.flatMap(({ body, answer }) =>
    [body, answer].flatMap((one) => (one === undefined ? [] : [one])),
  );
  return {
    endpoints: endpoints.map((endpoint) => ({ route: routeOf(endpoint), operation: operationOf(endpoint) })),
    schemas: Object.fromEntries(named.map(({ name, schema }) => [name, schema])),
  };
}

function routeOf({ method, path, interaction, action, handle, right, route }: DermifiEndpoint): Route {
  return {
    method,
    path,
    interaction,
    action,
    handle,
    ...(right === undefined ? { open: true } : { authorize: (x: Exchange) => requireRight(x, right) }),
    ...route,
  };
}

/** @throws ProblemError forbidden */
export function requireRight(x: Exchange, right: NonNullable<DermifiEndpoint['right']>): void {
  if (right === 'signed-in' || holds(x.principal, right)) return;
  throw new ProblemError('forbidden', `This needs the permission ${right}`);
}

function operationOf({ tag, summary, right, query, body, status, answer }: DermifiEndpoint): Operation {
  return {
    tag,
    summary,
    status,
    ...(right === undefined
      ? { open: true }
      : right !== 'signed-in' && { description: `Needs the permission ${right}.` }),
    ...(query !== undefined && { query }),
    ...(body !== undefined && {
      body: body.name,
      bodyOptional: body.optional === true,
      ...(body.type !== undefined && { bodyType: body.type }),
    }),
    ...(answer !== undefined && { answer: answer.name }),
  };
}
