import { IconUsers } from '@tabler/icons-react';
import type { PageEntry } from '../../app/pages';
import { mayWrite, readsClinic } from '../../app/rights';

export const pages: readonly PageEntry[] = [
  {
    path: '/patients',
    title: 'Patients',
    roles: readsClinic,
    nav: {
      icon: IconUsers,
      group: 'Care',
      order: 1,
      about: 'Find a patient; chart, notes, photos, prescriptions and history.',
    },
    load: () => import('./list-page'),
  },
  { path: '/patients/new', title: 'New patient', roles: mayWrite, load: () => import('./new-page') },
  { path: '/patients/:id/edit', title: 'Edit patient', roles: mayWrite, load: () => import('./edit-page') },
  { path: '/patients/:id', title: 'Patient', roles: readsClinic, load: () => import('./patient-page') },
];
