import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { newEventId, type AuditDraft, type AuditTrail } from '../../audit';
import { ProblemError } from '../../fhir';
import type { Identity } from '../../identity';
import { operatorName } from '../../operator';
import type { Store } from '../../store';

/** What an operator's command works with: the same services as the server's, running or not. */
export interface House {
  identity: Identity;
  store: Store;
  trail: AuditTrail;
  close(): Promise<void>;
}

export type OpenHouse = () => Promise<House>;

/** Opens the house, does the work, and closes it whatever happens. */
export async function inHouse<T>(open: OpenHouse, work: (house: House) => Promise<T>): Promise<T> {
  const house = await open();
  try {
    return await work(house);
  } finally {
    await house.identity.close();
    await house.close();
  }
}

/** What an operator changed: `details` name the record, never its secret. */
export interface SecurityChange {
  action: AuditDraft['action'];
  /** Such as `key create`. */
  command: string;
  details: Readonly<Record<string, string | undefined>>;
}

/** Does the work and records it, as a failure too; the change counts as done only when its entry is durable. */
export async function audited<T>(
  trail: AuditTrail,
  change: SecurityChange,
  work: () => Promise<{ result: T; details?: SecurityChange['details'] }>,
): Promise<T> {
  try {
    const { result, details } = await work();
    await trail.record(draftOf({ ...change, details: { ...change.details, ...details } }, '0'));
    return result;
  } catch (error) {
    const outcomeText = error instanceof ProblemError ? `${error.status} ${error.code}` : 'failed';
    await trail.record({ ...draftOf(change, '4'), outcomeText });
    throw error;
  }
}

function draftOf({ action, command, details }: SecurityChange, outcome: AuditDraft['outcome']): AuditDraft {
  const named = Object.entries({ command, ...details });
  return {
    id: newEventId(),
    at: new Date(),
    requestId: `cmd_${randomUUID().replaceAll('-', '')}`,
    face: 'command',
    interaction: 'security',
    action,
    outcome,
    agent: { kind: 'system', id: 'command', name: operatorName(), address: hostname() },
    details: named.flatMap(([type, value]) => (value === undefined ? [] : [{ type, value }])),
  };
}
