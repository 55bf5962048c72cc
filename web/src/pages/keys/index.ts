import { IconKey } from '@tabler/icons-react';
import type { PageEntry } from '../../app/pages';

const roles = ['operator', 'practice-admin'] as const;

export const pages: readonly PageEntry[] = [
  {
    path: '/keys',
    title: 'API keys',
    roles,
    nav: {
      icon: IconKey,
      group: 'Integration',
      order: 1,
      about: 'Create, rotate and revoke keys; see their use against the plan.',
    },
    load: () => import('./list-page'),
  },
  { path: '/keys/:id', title: 'API key', roles, load: () => import('./key-page') },
];
