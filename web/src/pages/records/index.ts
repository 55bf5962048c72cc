import { IconDatabase } from '@tabler/icons-react';
import type { PageEntry } from '../../app/pages';
import type { User } from '../../api/session';

/** Operators and practice administrators read the record; in a clinic, whoever may read. */
const roles = ({ role, permissions }: User): boolean =>
  role === 'operator' || role === 'practice-admin' || permissions.includes('read');

export const pages: readonly PageEntry[] = [
  {
    path: '/records',
    title: 'FHIR browser',
    roles,
    nav: {
      icon: IconDatabase,
      group: 'Care',
      order: 90,
      about: 'Search every type of resource, follow references, compare versions.',
    },
    load: () => import('./search-page'),
  },
  { path: '/records/:type', title: 'FHIR browser', roles, load: () => import('./search-page') },
  { path: '/records/:type/:id', title: 'Resource', roles, load: () => import('./resource-page') },
];
