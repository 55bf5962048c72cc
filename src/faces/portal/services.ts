import type { House } from '../../house';
import type { SessionCookie } from './session';

/** What the dashboard's API needs of the house. */
export type PortalServices = Pick<
  House,
  'identity' | 'referrals' | 'prescriptions' | 'audit' | 'connection' | 'config' | 'notify' | 'operations'
> & { cookie: SessionCookie };
