import { IconUserShield } from '@tabler/icons-react';
import type { PageEntry } from '../../app/pages';

export const pages: readonly PageEntry[] = [
  {
    path: '/users',
    title: 'Users',
    roles: ['operator', 'practice-admin'],
    nav: {
      icon: IconUserShield,
      group: 'Integration',
      order: 3,
      about: 'Who may sign in, with which role; unlock and disable.',
    },
    load: () => import('./list-page'),
  },
];
