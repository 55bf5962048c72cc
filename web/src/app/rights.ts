import type { User } from '../api/session';

/** Reads the record of a clinic: the roles of the Dermifi face. */
export function readsClinic({ permissions }: User): boolean {
  return permissions.includes('read');
}

export function mayWrite({ permissions }: User): boolean {
  return permissions.includes('write');
}

export function mayPrescribe({ permissions }: User): boolean {
  return permissions.includes('prescribe');
}

/** Pharmacies, and everybody who may write. */
export function mayFulfil(user: User): boolean {
  return user.role === 'pharmacy' || mayWrite(user);
}
