import { IconPill } from '@tabler/icons-react';
import type { PageEntry } from '../../app/pages';
import { mayPrescribe, readsClinic } from '../../app/rights';

export const pages: readonly PageEntry[] = [
  {
    path: '/prescriptions',
    title: 'Prescriptions',
    roles: readsClinic,
    nav: {
      icon: IconPill,
      group: 'Care',
      order: 3,
      about: 'What is prescribed, what is left of it, and refills asked for.',
    },
    load: () => import('./list-page'),
  },
  {
    path: '/prescriptions/new',
    title: 'New prescription',
    roles: mayPrescribe,
    load: () => import('./new-page'),
  },
  {
    path: '/prescriptions/:id',
    title: 'Prescription',
    roles: readsClinic,
    load: () => import('./prescription-page'),
  },
];
