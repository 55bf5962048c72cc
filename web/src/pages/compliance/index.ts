import {
  IconEyeSearch,
  IconFileExport,
  IconListSearch,
  IconScale,
  IconShieldCheck,
  IconShieldX,
} from '@tabler/icons-react';
import type { PageEntry } from '../../app/pages';

const roles = ['compliance'] as const;
const group = 'Oversight';

export const pages: readonly PageEntry[] = [
  { path: '/compliance', title: 'Compliance', roles, load: () => import('./start-page') },
  {
    path: '/compliance/events',
    title: 'Audit trail',
    roles,
    nav: {
      icon: IconListSearch,
      group,
      order: 1,
      about: 'Every access: who, what, when, from where, with what outcome.',
    },
    load: () => import('./events-page'),
  },
  { path: '/compliance/events/:id', title: 'Audit event', roles, load: () => import('./event-page') },
  {
    path: '/compliance/access',
    title: 'Patient access',
    roles,
    nav: { icon: IconEyeSearch, group, order: 2, about: 'Who looked at a patient’s record, or changed it.' },
    load: () => import('./access-page'),
  },
  {
    path: '/compliance/brokering',
    title: 'Brokering review',
    roles,
    nav: {
      icon: IconScale,
      group,
      order: 3,
      about: 'Each referral: why, what the match offered, who was chosen.',
    },
    load: () => import('./brokering-page'),
  },
  {
    path: '/compliance/refusals',
    title: 'Refusals',
    roles,
    nav: { icon: IconShieldX, group, order: 4, about: 'Failed sign-ins, and what was not allowed.' },
    load: () => import('./refusals-page'),
  },
  {
    path: '/compliance/exports',
    title: 'Exports',
    roles,
    nav: { icon: IconFileExport, group, order: 5, about: 'Files that prove themselves, for reviewers.' },
    load: () => import('./exports-page'),
  },
  {
    path: '/compliance/proof',
    title: 'Proof',
    roles,
    nav: { icon: IconShieldCheck, group, order: 6, about: 'The signed state of the log; verify it now.' },
    load: () => import('./proof-page'),
  },
];
