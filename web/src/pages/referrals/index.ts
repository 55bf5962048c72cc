import { IconArrowsLeftRight } from '@tabler/icons-react';
import type { User } from '../../api/session';
import type { PageEntry } from '../../app/pages';

const readers = ({ scopes }: User): boolean => scopes.includes('referrals:read');
const writers = ({ scopes }: User): boolean => scopes.includes('referrals:write');

export const pages: readonly PageEntry[] = [
  {
    path: '/referrals',
    title: 'Referrals',
    roles: readers,
    nav: {
      icon: IconArrowsLeftRight,
      group: 'Referrals',
      order: 1,
      about: 'What was sent to your practice and by it; accept, schedule, complete.',
    },
    load: () => import('./list-page'),
  },
  { path: '/referrals/new', title: 'New referral', roles: writers, load: () => import('./new-page') },
  { path: '/referrals/:id', title: 'Referral', roles: readers, load: () => import('./referral-page') },
];
