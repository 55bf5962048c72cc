import { queryOptions } from '@tanstack/react-query';
import { request } from './client';
import type { Role } from './session';

/** The signed-in user's own way in. */
export interface Account {
  email: string;
  name: string;
  role: Role;
  practice: string | null;
  mfa: boolean;
  createdAt: string;
}

/** What is in force, typed once more. */
export interface Proof {
  password: string;
  /** Of users with a second factor. */
  mfaCode?: string;
}

/** The one answer that shows the key of a second factor. */
export interface OfferedSecondFactor {
  /** Base32. */
  totpSecret: string;
  /** The same for a QR code. */
  totpUri: string;
}

export const ACCOUNT = ['account'] as const;

export const accountQuery = queryOptions({
  queryKey: ACCOUNT,
  queryFn: ({ signal }) => request<Account>('/portal/account', { signal }),
});

const post = <T>(path: string, body: object): Promise<T> =>
  request(`/portal/account/${path}`, { method: 'POST', body });

export const changePassword = (body: Proof & { newPassword: string }): Promise<void> =>
  post('password', body);

export const offerSecondFactor = (proof: Proof): Promise<OfferedSecondFactor> => post('second-factor', proof);

export const confirmSecondFactor = (code: string): Promise<void> => post('second-factor/confirm', { code });

export const endSecondFactor = (proof: Proof): Promise<void> => post('second-factor/end', proof);
