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

export const ROLES = Object.keys(PERMISSIONS) as readonly Role[];

export function isRole(text: string): text is Role {
  return Object.hasOwn(PERMISSIONS, text);
}

export function permissionsOf(role: Role): readonly Permission[] {
  return PERMISSIONS[role];
}

/** Whether the principal holds the right; `fulfil` belongs to pharmacies and to everybody who may write. */
export function holds(principal: Principal, right: Permission | 'fulfil'): boolean {
  const permissions = principal.permissions ?? [];
  if (right === 'fulfil') return permissions.includes('write') || principal.role === 'pharmacy';
  return permissions.includes(right);
}
