/** One access, one or several events: BALP wants an event for each patient. https://profiles.ihe.net/ITI/BALP/ */
import { createHash } from 'node:crypto';
import type { AuditDraft } from '../draft';

/** Interactions whose BALP profiles have one patient each. */
const ONE_PATIENT: ReadonlySet<AuditDraft['interaction']> = new Set([
  'create',
  'read',
  'vread',
  'update',
  'patch',
  'delete',
  'search',
  'match',
  'delivery',
]);

function isSearch({ interaction }: AuditDraft): boolean {
  return interaction === 'search' || interaction === 'match';
}

function splits(draft: AuditDraft): boolean {
  const { patients = [], outcome, interaction } = draft;
  return patients.length > 1 && outcome === '0' && ONE_PATIENT.has(interaction);
}

/** About how many events `accountsOf` makes. */
export function countOfAccounts(draft: AuditDraft): number {
  return splits(draft) ? (draft.patients ?? []).length + 1 : 1;
}

/**
 * The drafts of the events that account for an access: one for each patient, which tells nothing of the other
 * patients. A search with several patients has one more before them, with all that was returned.
 */
export function accountsOf(draft: AuditDraft): AuditDraft[] {
  const patients = [...new Set(draft.patients)];
  if (patients.length < 2 || !splits(draft)) return [draft];
  if (!isSearch(draft))
    return patients.map((patient, i) =>
      accountOf(draft, patient, i === 0 ? draft.id : derivedId(draft.id, patient)),
    );
  const { details: _facts, ...asked } = draft;
  return [
    { ...draft, patients: [] },
    ...patients.map((patient) => ({
      ...accountOf(asked, patient, derivedId(draft.id, patient)),
      resources: [],
    })),
  ];
}

function accountOf(draft: AuditDraft, patient: string, id: string): AuditDraft {
  const { resources = [] } = draft;
  const own = resources.filter((reference) => {
    const named = /^Patient\/([^/]+)/.exec(reference)?.[1];
    return named === undefined || named === patient;
  });
  return { ...draft, id, patients: [patient], resources: own.length > 0 ? own : resources };
}

/** A UUID that follows from the access and the patient, and lies beside the access's own (version 8, RFC 9562). */
function derivedId(id: string, patient: string): string {
  const hash = createHash('sha256').update(`${id}/${patient}`).digest('hex');
  return `${id.slice(0, 14)}8${hash.slice(0, 3)}-a${hash.slice(3, 6)}-${hash.slice(6, 18)}`;
}
