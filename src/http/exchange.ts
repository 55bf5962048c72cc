import type { Request, Response } from 'express';
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { newEventId, type AuditDraft } from '../audit';
import type { Principal } from '../identity';
import type { Committed, WriteContext } from '../store';

/** What a handler answers. A string or Buffer goes out as it is, a Readable is streamed, an object becomes JSON. */
export interface Reply {
  status: number;
  headers?: Record<string, string>;
  body?: object | string | Buffer | Readable;
}

/** The part of an audit entry that a handler knows and the pipeline does not. */
export type AuditFacts = Partial<
  Pick<
    AuditDraft,
    | 'interaction'
    | 'action'
    | 'outcome'
    | 'patients'
    | 'resources'
    | 'query'
    | 'details'
    | 'purposeOfUse'
    | 'outcomeText'
  >
>;

/** One access as it happens, over HTTP or by a command: who, when, from where, and what its audit entry will say. */
export interface Occasion {
  readonly face: AuditDraft['face'];
  readonly requestId: string;
  /** Its span, where traces are made. */
  traceparent?: string;
  readonly at: Date;
  /** Network address of the caller, behind TRUST_PROXY hops; the host's name for commands. */
  readonly address: string;
  /** Set by authentication; anonymous before. */
  principal: Principal;
  /** Facts for the audit entry; handlers add to it. */
  audit: AuditFacts;
  /** True once the entry lies in a committed document; the pipeline then records no second one. */
  audited: boolean;
}

/** One request on its way through a face. */
export interface Exchange extends Occasion {
  readonly req: Request;
  readonly res: Response;
  /** Path below the face's mount point without ids, where that says more than the route's own (FHIR). */
  template?: string;
  /** Body as text, read within the route's limit; empty when there is none. */
  body: string;
  /** The same as bytes, for routes that read `raw`. */
  raw: Buffer;
  /** Headers that go out with every answer, failures included (rate limits). */
  readonly headers: Record<string, string>;
}

/** The principal of a request that showed no credential: it sees nothing. */
export const ANONYMOUS: Principal = {
  kind: 'anonymous',
  id: 'anonymous',
  name: 'anonymous',
  scopes: [],
  viewer: { practice: '-', rows: () => false },
};

/** Begins the exchange of one request. `req.ip` follows the application's `trust proxy` setting. */
export function beginExchange(req: Request, res: Response, face: AuditDraft['face']): Exchange {
  return {
    req,
    res,
    face,
    requestId: `req_${randomUUID().replaceAll('-', '')}`,
    at: new Date(),
    address: req.ip ?? req.socket.remoteAddress ?? 'unknown',
    principal: ANONYMOUS,
    body: '',
    raw: Buffer.alloc(0),
    headers: {},
    audit: {},
    audited: false,
  };
}

/** The audit entry of an exchange as far as it is known. */
export function draftOf(x: Occasion, outcome: AuditDraft['outcome'], facts: AuditFacts = {}): AuditDraft {
  const { principal } = x;
  return {
    id: newEventId(),
    at: x.at,
    requestId: x.requestId,
    face: x.face,
    interaction: 'operation',
    action: 'E',
    outcome,
    agent: {
      kind: principal.kind,
      id: principal.id,
      name: principal.name,
      address: x.address,
      ...(principal.email !== undefined && { email: principal.email }),
      ...(principal.practice !== undefined && { practice: principal.practice }),
      ...(principal.practiceName !== undefined && { practiceName: principal.practiceName }),
      ...(principal.practitioner !== undefined && { practitioner: principal.practitioner }),
    },
    ...x.audit,
    ...facts,
  };
}

/**
 * The context of a commit made for this request. The request's audit entry is stored in the document of the
 * change at index `primary` (default the first), durable with it; `facts` sees the ids and versions that came to be.
 */
export function writeContext(
  x: Occasion,
  facts: (committed: readonly Committed[]) => AuditFacts = touched,
  primary = 0,
): WriteContext {
  return {
    viewer: x.principal.viewer,
    requestId: x.requestId,
    ...(x.traceparent !== undefined && { traceparent: x.traceparent }),
    author: authorOf(x),
    audit: (committed) => {
      x.audited = true;
      return [{ change: primary, draft: draftOf(x, '0', facts(committed)) }];
    },
  };
}

/** Who writes, as kept with every version: the dashboard's pages ask other faces, but they are the way it came. */
export function authorOf({ principal, face }: Pick<Occasion, 'principal' | 'face'>): WriteContext['author'] {
  const { id, name, kind, practiceName, via } = principal;
  return {
    id,
    name,
    kind,
    face: via === 'dashboard' ? 'portal' : face,
    ...(practiceName !== undefined && { practice: practiceName }),
  };
}

/** A commit that is one of several steps of a request: it carries no audit entry of its own. */
export function stepContext(x: Occasion): WriteContext {
  const { audit: _audit, ...context } = writeContext(x);
  return context;
}

/** The context of a commit of many changes that are looked for one by one: each carries an audit entry of its own. */
export function eachContext(x: Occasion): WriteContext {
  return {
    ...stepContext(x),
    audit: (committed) =>
      committed.map((one, change) => ({ change, draft: draftOf(x, '0', touched([one])) })),
  };
}

/** References of committed versions, as audit facts. */
export function touched(committed: readonly Committed[]): AuditFacts {
  return {
    resources: committed.map((c) => `${c.type}/${c.id}/_history/${c.version}`),
    patients: committed.filter((c) => c.type === 'Patient').map((c) => c.id),
  };
}
