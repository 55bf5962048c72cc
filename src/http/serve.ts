import { isUtf8 } from 'node:buffer';
import type { NextFunction, Request, RequestHandler, Response, Router } from 'express';
import express from 'express';
import type { AuditDraft, AuditTrail } from '../audit';
import { ProblemError } from '../fhir';
import type { Principal } from '../identity';
import type { Tracing } from '../telemetry';
import { beginExchange, draftOf, type Exchange, type Reply } from './exchange';
import { send } from './send';
import { answerAsSpan } from './span';

/** One endpoint of a face. The table of a face's routes is the whole truth about what it answers. */
export interface Route {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete' | 'all';
  /** Express path below the face's mount point. */
  path: string;
  /** How the access is named in the audit trail. */
  interaction: AuditDraft['interaction'];
  action: AuditDraft['action'];
  /** Answered without a credential (login, metadata, public keys). Default false. */
  open?: boolean;
  /** Not counted by the face's limits (links that pages show many of). Default false. */
  unlimited?: boolean;
  /** Not worth an audit entry (documents and keys that are public). Default false. */
  unaudited?: boolean;
  /** `text` and `raw` read the body within `bodyLimit`; `stream` leaves it to the handler (uploads). Default text. */
  body?: 'text' | 'raw' | 'stream';
  /** Bytes; default the face's. */
  bodyLimit?: number;
  /** Refuses by throwing; runs after authentication and limits, before the handler. */
  authorize?(x: Exchange): void;
  handle(x: Exchange): Promise<Reply>;
}

/** What makes a face a face: how it knows its callers, limits them, and words its failures. */
export interface Face {
  name: AuditDraft['face'];
  /** Bytes of a body. */
  bodyLimit: number;
  /** Before anything is looked at: headers of every answer, addresses that may not call. */
  admit?(x: Exchange): Promise<void>;
  authenticate(x: Exchange): Promise<Principal>;
  /** Counts the request; puts its headers into `x.headers`; throws `rate-limited`. */
  limit?(x: Exchange): Promise<void>;
  renderError(problem: ProblemError, x: Exchange): Reply;
  /** Reference of the resource that the path names, for the audit entry of a request that fails before it is met. */
  subjectOf?(x: Exchange): string | undefined;
}

/** A face with its routes, and the path that it answers below. */
export interface MountedFace {
  at: string;
  face: Face;
  routes: readonly Route[];
}

/** What the pipeline needs of the house. */
export interface ServeContext {
  trail: AuditTrail;
  /** Where traces are made. */
  tracing?: Tracing | undefined;
  /** Told of every finished exchange (logs, metrics): never carries PHI. */
  observe(done: { x: Exchange; route: Route; status: number; milliseconds: number; error?: unknown }): void;
}

/** Mounts a face: its routes in order, then its own 404 for everything below the path. */
export function mountFace(
  app: { use(path: string, router: Router): unknown },
  { at, face, routes }: MountedFace,
  context: ServeContext,
): void {
  const router = express.Router({ caseSensitive: true });
  for (const route of routes) {
    router[route.method](route.path, ...bodyReaders(face, route), serve(face, route, context));
  }
  const unknown = unknownRoute(face);
  router.use(serve(face, unknown, context));
  router.use(refuseBody(face, unknown, context));
  app.use(at, router);
}

function unknownRoute(face: Face): Route {
  return {
    method: 'all',
    path: '*',
    interaction: 'operation',
    action: 'E',
    open: face.name !== 'dermifi',
    handle: () => Promise.reject(nothingThere()),
  };
}

function nothingThere(): ProblemError {
  return new ProblemError('not-found', 'There is nothing at this path. See /docs for the endpoints.');
}

function bodyReaders(face: Face, route: Route): RequestHandler[] {
  if (route.body === 'stream' || route.method === 'get') return [];
  const options = { type: () => true, limit: route.bodyLimit ?? face.bodyLimit };
  return [route.body === 'raw' ? express.raw(options) : express.text({ ...options, verify: wellFormed })];
}

/** Text that is not what its encoding allows would be kept with other characters than were sent. */
function wellFormed(_req: unknown, _res: unknown, body: Buffer, charset: string): void {
  if (charset === 'utf-8' && !isUtf8(body)) throw new Error('The body is not well-formed UTF-8.');
}

/** One request through the face: authenticate, limit, authorize, handle, audit, send. */
function serve(face: Face, route: Route, context: ServeContext): RequestHandler {
  return (req, res, next) => void exchange(face, route, context, req, res).catch(next);
}

/** Errors of the router and the body reader (too large, unreadable encoding) leave in the face's own words too. */
function refuseBody(face: Face, route: Route, context: ServeContext) {
  return (error: unknown, req: Request, res: Response, next: NextFunction): void => {
    const refusing: Route = { ...route, handle: () => Promise.reject(bodyProblem(error)) };
    void exchange(face, refusing, context, req, res).catch(next);
  };
}

function bodyProblem(error: unknown): ProblemError {
  // The router could not decode the path, so it names nothing.
  if (error instanceof URIError) return nothingThere();
  const { status, type } = error as { status?: number; type?: string };
  if (type === 'entity.verify.failed')
    return new ProblemError('malformed', 'The body is not well-formed UTF-8.', { cause: error });
  if (status === 413)
    return new ProblemError('too-large', 'The request body is larger than this endpoint takes.');
  if (status === 415)
    return new ProblemError('unsupported-media-type', 'The body has an encoding that is not supported.');
  return new ProblemError('malformed', 'The request body could not be read.', { cause: error });
}

async function exchange(
  face: Face,
  route: Route,
  context: ServeContext,
  req: Request,
  res: Response,
): Promise<void> {
  const x = beginExchange(req, res, face.name);
  const { tracing } = context;
  if (tracing === undefined) await answer(face, route, context, x);
  else await answerAsSpan(tracing, x, route, () => answer(face, route, context, x));
}

/** @returns the status that was answered. */
async function answer(face: Face, route: Route, context: ServeContext, x: Exchange): Promise<number> {
  const started = performance.now();
  x.audit = { interaction: route.interaction, action: route.action };
  takeBody(x, x.req.body);
  let failure: unknown;
  let reply: Reply;
  try {
    await face.admit?.(x);
    if (route.open !== true) x.principal = await face.authenticate(x);
    if (route.unlimited !== true) await face.limit?.(x);
    route.authorize?.(x);
    reply = await route.handle(x);
    if (!x.audited && route.unaudited !== true) await context.trail.record(draftOf(x, '0'));
  } catch (error) {
    failure = error;
    reply = await fail(face, context, x, error);
  }
  send(x, reply);
  context.observe({
    x,
    route,
    status: reply.status,
    milliseconds: performance.now() - started,
    error: failure,
  });
  return reply.status;
}

function takeBody(x: Exchange, body: unknown): void {
  if (typeof body === 'string') x.body = body;
  if (!Buffer.isBuffer(body)) return;
  x.raw = body;
  x.body = body.toString('utf8');
}

/** A failed request is audited as what it was; when even that fails, the answer is 503. */
async function fail(face: Face, context: ServeContext, x: Exchange, error: unknown): Promise<Reply> {
  const problem = asProblem(error);
  nameSubject(face, x);
  try {
    const outcomeText = `${problem.status} ${problem.code}`;
    await context.trail.record(draftOf(x, problem.status >= 500 ? '8' : '4', { outcomeText }));
    return face.renderError(problem, x);
  } catch (unrecorded) {
    return face.renderError(asProblem(unrecorded), x);
  }
}

/** A failed request tells at least what was asked, and of which resource. */
function nameSubject(face: Face, x: Exchange): void {
  x.audit.query ??= `${x.req.method} ${x.req.originalUrl}`;
  const subject = x.audit.resources === undefined ? face.subjectOf?.(x) : undefined;
  if (subject === undefined) return;
  x.audit.resources = [subject];
  if (subject.startsWith('Patient/')) x.audit.patients ??= [subject.slice('Patient/'.length)];
}

function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  return new ProblemError('internal', 'Something went wrong on our side. Give support the request id.', {
    cause: error,
  });
}
