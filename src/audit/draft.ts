import { randomUUID } from 'node:crypto';

/**
 * A new id of a draft: a UUID that rises with time (version 7, RFC 9562 section 5.7), so that what is recorded together
 * lies together in every index of the database.
 */
export function newEventId(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}

/**
 * What a face knows of one access, as plain data; the audit room makes the BALP AuditEvent of it.
 * https://profiles.ihe.net/ITI/BALP/
 */
export interface AuditDraft {
  /** `newEventId`; also the id of the AuditEvent, so that recording twice is recording once. */
  id: string;
  at: Date;
  requestId: string;
  face: 'handoffrx' | 'dermifi' | 'fhir' | 'portal' | 'audit' | 'command' | 'worker' | 'identity';
  interaction:
    | 'create'
    | 'read'
    | 'vread'
    | 'update'
    | 'patch'
    | 'delete'
    | 'search'
    | 'history'
    | 'operation'
    | 'transaction'
    | 'batch'
    | 'capabilities'
    | 'login'
    | 'logout'
    | 'export'
    | 'import'
    | 'match'
    | 'delivery'
    | 'security'; // keys, users, clients, webhooks administered
  /** https://hl7.org/fhir/R4/valueset-audit-event-action.html */
  action: 'C' | 'R' | 'U' | 'D' | 'E';
  /** 0 success, 4 refused or bad request, 8 serious failure, 12 major failure. */
  outcome: '0' | '4' | '8' | '12';
  /** Why it failed, without PHI. */
  outcomeText?: string;
  agent: {
    kind: 'key' | 'client' | 'user' | 'system' | 'anonymous';
    id: string;
    name: string;
    /** A user's e-mail address: what the user signs in with. */
    email?: string;
    practice?: string;
    practiceName?: string;
    practitioner?: string;
    /** Client's network address. */
    address: string;
  };
  /** Coded purpose of use when the caller gave one (e.g. `TREAT`). */
  purposeOfUse?: string;
  /** Patient ids this access concerns. */
  patients?: readonly string[];
  /** Resources touched or returned: `ServiceRequest/1`, `ServiceRequest/1/_history/2`. */
  resources?: readonly string[];
  /** Method, path and query as asked, for searches and operations. */
  query?: string;
  /** Named facts of this access: clinical justification, match inputs and scores, webhook id. */
  details?: readonly { type: string; value: string }[];
}

/** The trail that every access is recorded in. */
export interface AuditTrail {
  /** Resolves when the entry is durable (`AUDIT_READS=strict`) or accepted (`async`). Rejects with a 503 problem. */
  record(draft: AuditDraft): Promise<void>;
}
