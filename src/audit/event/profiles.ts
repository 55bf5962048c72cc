/** Which IHE BALP profile an event keeps. https://profiles.ihe.net/ITI/BALP/ */
import type { AuditDraft } from '../draft';
import { profileUrl } from './codes';

/**
 * The BALP profile that the event keeps. Those of the RESTful interactions allow success only; the other accesses
 * of somebody who showed a credential keep the profile for access with a token.
 */
export function profileOf(draft: AuditDraft): string | undefined {
  return restProfile(draft) ?? disclosureProfile(draft) ?? tokenProfile(draft);
}

const REST_PROFILES: Partial<
  Record<AuditDraft['interaction'], { name: string; action: AuditDraft['action'] }>
> = {
  create: { name: 'Create', action: 'C' },
  read: { name: 'Read', action: 'R' },
  vread: { name: 'Read', action: 'R' },
  update: { name: 'Update', action: 'U' },
  patch: { name: 'Update', action: 'U' },
  delete: { name: 'Delete', action: 'D' },
  search: { name: 'Query', action: 'E' },
  match: { name: 'Query', action: 'E' },
};

function restProfile(draft: AuditDraft): string | undefined {
  const rule = REST_PROFILES[draft.interaction];
  if (rule === undefined || rule.action !== draft.action || draft.outcome !== '0') return undefined;
  if (rule.name !== 'Query' && (draft.resources ?? []).length === 0) return undefined;
  return profileUrl(rule.name, new Set(draft.patients).size);
}

function disclosureProfile({
  interaction,
  face,
  action,
  patients,
  resources,
}: AuditDraft): string | undefined {
  if (interaction !== 'delivery' || face !== 'worker' || action !== 'R') return undefined;
  return new Set(patients).size === 1 && (resources ?? []).length > 0
    ? profileUrl('PrivacyDisclosure.Source')
    : undefined;
}

/** A delivery's receiver shows no token: it is called. */
function tokenProfile({ agent, interaction }: AuditDraft): string | undefined {
  return hasToken(agent.kind) && interaction !== 'delivery'
    ? profileUrl('OAUTHaccessTokenUse.Minimal')
    : undefined;
}

function hasToken(kind: AuditDraft['agent']['kind']): boolean {
  return kind === 'key' || kind === 'client' || kind === 'user';
}

/** Whether the event keeps the profile for access with a token, which names the token's holder apart. */
export function namesToken(draft: AuditDraft): boolean {
  return (
    tokenProfile(draft) !== undefined &&
    restProfile(draft) === undefined &&
    disclosureProfile(draft) === undefined
  );
}
