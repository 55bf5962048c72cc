import type { Permission, Principal, Role } from './principal';

/** What each role may do on the Dermifi face (decisions, "Rights"); the last three work in the dashboard. */
const PERMISSIONS: Record<Role, readonly Permission[]> = {
  admin: ['read', 'write'],
  provider: ['read', 'write', 'prescribe'],
  staff: ['read', 'write'],
  pharmacy: ['read'],
  'read-only': ['read'],
  operator: [],
  'practice-admin': [],
  compliance: [],
};

/** Scopes of the HandoffRx face that a role holds in the dashboard, for the referrals of its own practice. */
const REFERRAL_SCOPES: Record<Role, readonly string[]> = {
  'practice-admin': ['referrals:read', 'referrals:write', 'providers:read'],
  admin: ['referrals:read', 'referrals:write', 'providers:read'],
  provider: ['referrals:read', 'referrals:write', 'providers:read'],
  staff: ['referrals:read', 'referrals:write', 'providers:read'],
  'read-only': ['referrals:read', 'providers:read'],
  operator: ['providers:read'],
  pharmacy: [],
  compliance: [],
};

export const ROLES = Object.keys(PERMISSIONS) as readonly Role[];

export function isRole(text: string): text is Role {
  return Object.hasOwn(PERMISSIONS, text);
}

/** What users of a role may do, whichever way they came in. */
export function permissionsOf(role: Role): readonly Permission[] {
  return PERMISSIONS[role];
}

/** Whether the principal holds the right; `fulfil` belongs to pharmacies and to everybody who may write. */
export function holds(principal: Principal, right: Permission | 'fulfil'): boolean {
  const permissions = principal.permissions ?? [];
  if (right === 'fulfil') return permissions.includes('write') || principal.role === 'pharmacy';
  return permissions.includes(right);
}

/** What a user may do on the HandoffRx face; who belongs to no practice has no referrals there. */
export function referralScopesOf(role: Role, practice: string | undefined): readonly string[] {
  const scopes = REFERRAL_SCOPES[role];
  return practice === undefined ? scopes.filter((scope) => scope === 'providers:read') : scopes;
}
