import { IconWebhook } from '@tabler/icons-react';
import type { PageEntry } from '../../app/pages';

const roles = ['operator', 'practice-admin'] as const;

export const pages: readonly PageEntry[] = [
  {
    path: '/webhooks',
    title: 'Webhooks',
    roles,
    nav: {
      icon: IconWebhook,
      group: 'Integration',
      order: 2,
      about: 'Endpoints and their events, deliveries, replays and health.',
    },
    load: () => import('./list-page'),
  },
  { path: '/webhooks/:id', title: 'Webhook', roles, load: () => import('./webhook-page') },
  {
    path: '/webhooks/:id/deliveries/:number',
    title: 'Delivery',
    roles,
    load: () => import('./delivery-page'),
  },
];
