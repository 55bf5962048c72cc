import { IconAddressBook, IconTargetArrow } from '@tabler/icons-react';
import type { User } from '../../api/session';
import type { PageEntry } from '../../app/pages';

const roles = ({ scopes }: User): boolean => scopes.includes('providers:read');

export const pages: readonly PageEntry[] = [
  {
    path: '/directory',
    title: 'Directory',
    roles,
    nav: {
      icon: IconAddressBook,
      group: 'Referrals',
      order: 2,
      about: 'Providers that accept clients, and the places they have free.',
    },
    load: () => import('./directory-page'),
  },
  {
    path: '/match',
    title: 'Match',
    roles,
    nav: {
      icon: IconTargetArrow,
      group: 'Referrals',
      order: 3,
      about: 'The five providers that fit best, and why.',
    },
    load: () => import('./match-page'),
  },
];
