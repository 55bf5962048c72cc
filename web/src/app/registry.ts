import { NAV_GROUPS, mayOpen, type NavGroup, type PageEntry } from './pages';
import type { User } from '../api/session';

/** Every `pages/<area>/index.ts` exports its `pages`; a new area needs no change here. */
const AREAS = import.meta.glob<readonly PageEntry[]>('../pages/*/index.ts', { eager: true, import: 'pages' });

export const PAGES: readonly PageEntry[] = Object.values(AREAS).flat();

/** What a user finds in the navigation, by group, empty groups left out. */
export function navigationFor(
  user: User,
): { group: NavGroup; pages: (PageEntry & { nav: NonNullable<PageEntry['nav']> })[] }[] {
  const listed = PAGES.flatMap((page) =>
    page.nav !== undefined && mayOpen(page, user) ? [{ ...page, nav: page.nav }] : [],
  );
  return NAV_GROUPS.map((group) => ({
    group,
    pages: listed.filter(({ nav }) => nav.group === group).sort((a, b) => a.nav.order - b.nav.order),
  })).filter(({ pages }) => pages.length > 0);
}
