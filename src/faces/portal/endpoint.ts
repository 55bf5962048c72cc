import {
  compileBody,
  jsonOf,
  type QueryParameters,
  type QueryValues,
  readQuery,
  type Schema,
} from '../../contract';
import { fieldProblem, ProblemError } from '../../fhir';
import type { Exchange, Reply, Route } from '../../http';
import type { Role } from '../../identity';

/** What a handler gets: body and query as their schemas say, or the request was refused before. */
export interface PortalRequest<Body> {
  x: Exchange;
  /** Parameters of the path. */
  params: Readonly<Record<string, string>>;
  query: QueryValues;
  body: Body;
}

/** One endpoint below `/portal`. */
export interface PortalEndpoint<Body = undefined> extends Pick<
  Route,
  'method' | 'path' | 'interaction' | 'action'
> {
  /** Who may; `everyone` is everybody who is signed in, `open` also who is not. */
  roles: readonly Role[] | 'everyone' | 'open';
  unaudited?: boolean;
  query?: QueryParameters;
  /** JSON Schema of the body; without one a body is not looked at. */
  body?: Schema;
  handle(request: PortalRequest<Body>): Promise<Reply>;
}

/** The route of an endpoint: refuses other roles, unknown parameters and bodies that do not fit. Call at start. */
export function portalRoute<Body = undefined>(endpoint: PortalEndpoint<Body>): Route {
  const { method, path, interaction, action, roles, unaudited = false, query = {}, body, handle } = endpoint;
  const check = body === undefined ? undefined : compileBody(body);
  return {
    method,
    path,
    interaction,
    action,
    open: roles === 'open',
    unaudited,
    authorize: (x) => requireRole(x, roles),
    handle: async (x) =>
      handle({
        x,
        params: x.req.params as Record<string, string>,
        query: queryOf(x, query),
        body: (check === undefined ? undefined : bodyOf(x, check)) as Body,
      }),
  };
}

function requireRole({ principal }: Exchange, roles: PortalEndpoint['roles']): void {
  if (roles === 'open' || roles === 'everyone') return;
  if (principal.role === undefined || !roles.includes(principal.role))
    throw new ProblemError('forbidden', 'Your role does not include this.');
}

function bodyOf(x: Exchange, check: ReturnType<typeof compileBody>): unknown {
  const body = jsonOf(x);
  const faults = check(body);
  if (faults.length === 0) return body;
  throw fieldProblem(
    'invalid',
    'Some fields need another look.',
    faults.map(({ field, kind, expected, message }) => ({
      field: field === '' ? 'body' : field,
      message: kind === 'required' ? 'Required' : (message ?? `Must be ${expected}`),
    })),
  );
}

function queryOf(x: Exchange, parameters: QueryParameters): QueryValues {
  const { values, faults } = readQuery(x, parameters);
  if (faults.length === 0) return values;
  throw fieldProblem(
    'malformed',
    'The query does not fit.',
    faults.map(({ parameter, expected }) => ({ field: parameter, message: `Must be ${expected}` })),
  );
}
