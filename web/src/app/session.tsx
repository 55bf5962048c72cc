import { useQuery } from '@tanstack/react-query';
import { createContext, useContext } from 'react';
import { sessionQuery, type User } from '../api/session';

const UserContext = createContext<User | undefined>(undefined);
export const UserProvider = UserContext.Provider;

/** The signed-in user, on every page within the shell. */
export function useUser(): User {
  const user = useContext(UserContext);
  if (user === undefined) throw new Error('useUser belongs within the shell.');
  return user;
}

/** The session as the server says; loading at first. */
export function useSession() {
  return useQuery(sessionQuery);
}

/** Names of the roles as people know them. */
export const ROLE_NAMES: Readonly<Record<User['role'], string>> = {
  operator: 'Operator',
  'practice-admin': 'Practice administrator',
  compliance: 'Compliance officer',
  admin: 'Clinic administrator',
  provider: 'Clinician',
  staff: 'Clinic staff',
  pharmacy: 'Pharmacy',
  'read-only': 'Read only',
};
