import type { PageEntry } from '../../app/pages';

/** Reached from the user's menu. */
export const pages: readonly PageEntry[] = [
  { path: '/account', title: 'Your account', roles: 'everyone', load: () => import('./page') },
];
