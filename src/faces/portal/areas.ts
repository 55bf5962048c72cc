/**
 * First path segments that belong to the dashboard's pages: the server answers them, and all below, with the
 * application. The application's own registry (web/src/app/registry.ts) may use these and no others, so that an unknown
 * path of an API stays a 404.
 */
export const AREAS = [
  'sign-in',
  'keys',
  'webhooks',
  'referrals',
  'directory',
  'match',
  'compliance',
  'records',
  'patients',
  'schedule',
  'prescriptions',
  'refills',
  'orders',
  'operations',
  'users',
  'practices',
  'clients',
  'account',
] as const;

export type Area = (typeof AREAS)[number];
