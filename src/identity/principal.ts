import type { Viewer } from '../store';

/** Dermifi's and the dashboard's roles. */
export type Role =
  'operator' | 'admin' | 'provider' | 'staff' | 'pharmacy' | 'read-only' | 'practice-admin' | 'compliance';

/** HandoffRx's plans. */
export type Plan = 'Free' | 'Pro' | 'Enterprise';

/** Dermifi's permissions. */
export type Permission = 'read' | 'write' | 'prescribe';

/** Who is asking, whichever face and credential it came through. Plain data; never carries a secret. */
export interface Principal {
  kind: 'key' | 'client' | 'user' | 'system' | 'anonymous';
  /** Key id, client id, user id. */
  id: string;
  /** Name for audit and display. */
  name: string;
  /** Organization id of the practice; undefined sees the whole deployment. */
  practice?: string;
  practiceName?: string;
  /** HandoffRx scopes of a key (`referrals:read`) or SMART scopes of a client (`system/Patient.rs`). */
  scopes: readonly string[];
  plan?: Plan;
  role?: Role;
  permissions?: readonly Permission[];
  email?: string;
  /** Practitioner id that a user is. */
  practitioner?: string;
  /** Set when the credential was a session of the dashboard, whose requests have a limit of their own. */
  via?: 'dashboard';
  /** What the store lets this principal see. */
  viewer: Viewer;
}
