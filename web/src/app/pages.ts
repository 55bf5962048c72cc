import type { Icon } from '@tabler/icons-react';
import type { ComponentType } from 'react';
import type { Role, User } from '../api/session';
import type { Area } from '../../../src/faces/portal/areas';

/** A page of the application. Each area lists its own in `pages/<area>/index.ts`. */
export interface PageEntry {
  /** Path, with `:parameters`; its first segment is one of the server's areas. */
  path: '/' | `/${Area}` | `/${Area}/${string}`;
  /** Title of the document and, where it is in the navigation, its label. */
  title: string;
  /** Who may open it: roles, or a condition on the user. */
  roles: 'everyone' | readonly Role[] | ((user: User) => boolean);
  /** Present when the page is in the navigation and on the home page. */
  nav?: { icon: Icon; group: NavGroup; order: number; about: string };
  /** Loaded when the page is first opened. */
  load: () => Promise<{ default: ComponentType }>;
}

/** Groups of the navigation, in its order. */
export const NAV_GROUPS = ['Care', 'Referrals', 'Integration', 'Oversight'] as const;
export type NavGroup = (typeof NAV_GROUPS)[number];

export function mayOpen({ roles }: PageEntry, user: User): boolean {
  if (roles === 'everyone') return true;
  return typeof roles === 'function' ? roles(user) : roles.includes(user.role);
}
