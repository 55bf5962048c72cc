import type { PageEntry } from '../../app/pages';

export const pages: readonly PageEntry[] = [
  { path: '/', title: 'Home', roles: 'everyone', load: () => import('./page') },
];
