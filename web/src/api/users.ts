import { queryOptions } from '@tanstack/react-query';
import { request } from './client';
import type { Role } from './session';

/** A user as those who administer it see it. */
export interface UserStanding {
  id: string;
  email: string;
  name: string;
  role: Role;
  practice: string | null;
  practiceId: string | null;
  practitioner: string | null;
  mfa: boolean;
  status: 'active' | 'disabled';
  createdAt: string;
  lastSignInAt: string | null;
  lockedUntil: string | null;
}

/** The one answer that shows a password, and the seed of a second factor. */
export interface NewUser {
  id: string;
  email: string;
  password: string;
  /** Base32. */
  totpSecret?: string;
  /** The same for a QR code. */
  totpUri?: string;
}

/** Everything that changes when a user is made or changed. */
export const USERS = ['users'] as const;

export const usersQuery = queryOptions({
  queryKey: USERS,
  queryFn: async ({ signal }) => (await request<{ data: UserStanding[] }>('/portal/users', { signal })).data,
  // Who is locked is free again within a minute.
  refetchInterval: 30_000,
});

export function createUser(body: {
  email: string;
  name: string;
  role: Role;
  practice?: string;
  mfa: boolean;
}): Promise<NewUser> {
  return request('/portal/users', { method: 'POST', body });
}

export type UserChange = 'disable' | 'enable' | 'unlock';

export function changeUser(id: string, change: UserChange): Promise<unknown> {
  return request(`/portal/users/${id}/${change}`, { method: 'POST' });
}

/** A new password, and a new seed where there is a second factor. */
export function renewUser(id: string): Promise<NewUser> {
  return request(`/portal/users/${id}/renew`, { method: 'POST' });
}
