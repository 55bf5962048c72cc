import { IconActivityHeartbeat } from '@tabler/icons-react';
import type { PageEntry } from '../../app/pages';

export const pages: readonly PageEntry[] = [
  {
    path: '/operations',
    title: 'Operations',
    roles: ['operator'],
    nav: {
      icon: IconActivityHeartbeat,
      group: 'Oversight',
      order: 5,
      about: 'Health, throughput, latency and queues of the deployment.',
    },
    load: () => import('./page'),
  },
];
