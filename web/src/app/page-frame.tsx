import { type ComponentType, useEffect } from 'react';
import { useLocation } from 'wouter';
import { NotAllowed } from '../ui/states';
import { mayOpen, type PageEntry } from './pages';
import { useUser } from './session';

/** A page within the shell: its document title, whether the user may see it, and where the focus goes. */
export function PageFrame({ page, Page }: { page: PageEntry; Page: ComponentType }) {
  const user = useUser();
  usePageTitle(page.title);
  usePageFocus();
  return mayOpen(page, user) ? <Page /> : <NotAllowed />;
}

/** The document's title, beginning with what is on the page. */
function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = title === 'Home' ? 'Crosswalk' : `${title} · Crosswalk`;
  }, [title]);
}

/** Path of the page that was shown last; the first one leaves the focus to the browser. */
let shownPath: string | undefined;

/**
 * After a navigation the page's heading has the focus, so that a screen reader tells where one is. A page whose
 * heading comes with its data has `main` focused until then.
 */
function usePageFocus(): void {
  const [path] = useLocation();
  useEffect(() => {
    const isFirst = shownPath === undefined || shownPath === path;
    shownPath = path;
    if (isFirst) return;
    window.scrollTo(0, 0);
    (document.querySelector<HTMLElement>('main h1') ?? document.querySelector('main'))?.focus();
  }, [path]);
}
