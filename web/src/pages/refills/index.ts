import { IconRefreshDot } from '@tabler/icons-react';
import type { PageEntry } from '../../app/pages';
import { readsClinic } from '../../app/rights';

export const pages: readonly PageEntry[] = [
  {
    path: '/refills',
    title: 'Refills',
    roles: readsClinic,
    nav: { icon: IconRefreshDot, group: 'Care', order: 4, about: 'Requests that wait for a prescriber.' },
    load: () => import('./page'),
  },
];
