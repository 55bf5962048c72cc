import { IconClipboardList } from '@tabler/icons-react';
import type { PageEntry } from '../../app/pages';
import { readsClinic } from '../../app/rights';

export const pages: readonly PageEntry[] = [
  {
    path: '/orders',
    title: 'Orders',
    roles: readsClinic,
    nav: {
      icon: IconClipboardList,
      group: 'Care',
      order: 5,
      about: 'Orders and how far they are; fulfil or cancel them.',
    },
    load: () => import('./list-page'),
  },
  { path: '/orders/:id', title: 'Order', roles: readsClinic, load: () => import('./order-page') },
];
