import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { newEventId, type Audit, type AuditDraft, type FilterQuery } from '../../audit';
import { ProblemError } from '../../fhir';
import { operatorName } from '../../operator';

/** What the audit commands work with. */
export interface AuditHouse {
  audit: Audit;
  close(): Promise<void>;
}

export type OpenAuditHouse = () => Promise<AuditHouse>;

/** Opens the house, does the work, and closes it whatever happens. */
export async function withAudit<T>(open: OpenAuditHouse, work: (audit: Audit) => Promise<T>): Promise<T> {
  const house = await open();
  try {
    return await work(house.audit);
  } finally {
    await house.close();
  }
}

/** The operator as an agent. */
export function operator(): AuditDraft['agent'] {
  return { kind: 'system', id: 'command', name: operatorName(), address: hostname() };
}

/** Records what a command is about to read or change before it does, and its failure if it fails. */
export async function recorded<T>(
  audit: Audit,
  about: Pick<AuditDraft, 'interaction' | 'action'> & {
    command: string;
    facts: Readonly<Record<string, string | undefined>>;
  },
  work: () => Promise<T>,
): Promise<T> {
  const { interaction, action, command, facts } = about;
  const named = Object.entries({ command, ...facts });
  const draft = (outcome: AuditDraft['outcome']): AuditDraft => ({
    id: newEventId(),
    at: new Date(),
    requestId: `cmd_${randomUUID().replaceAll('-', '')}`,
    face: 'command',
    interaction,
    action,
    outcome,
    agent: operator(),
    details: named.flatMap(([type, value]) => (value === undefined ? [] : [{ type, value }])),
  });
  try {
    const result = await work();
    await audit.trail.record(draft('0'));
    return result;
  } catch (error) {
    const refused = error instanceof ProblemError && error.status < 500;
    const outcomeText = error instanceof ProblemError ? `${error.status} ${error.code}` : 'failed';
    await audit.trail.record({ ...draft(refused ? '4' : '8'), outcomeText });
    throw error;
  }
}

/** The filters as facts of the access. */
export function filterFacts(filter: FilterQuery): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(filter).map(([name, value]) => [`filter.${name}`, value as string | undefined]),
  );
}
