import { IconCalendar } from '@tabler/icons-react';
import type { PageEntry } from '../../app/pages';
import { readsClinic } from '../../app/rights';

export const pages: readonly PageEntry[] = [
  {
    path: '/schedule',
    title: 'Schedule',
    roles: readsClinic,
    nav: {
      icon: IconCalendar,
      group: 'Care',
      order: 2,
      about: 'A provider’s day at a place, and what is still free.',
    },
    load: () => import('./page'),
  },
];
