import { lazy, Suspense } from 'react';
import { Route, Switch } from 'wouter';
import { SignInPage } from '../pages/sign-in/page';
import { Loading, NotFound } from '../ui/states';
import { ErrorBoundary } from './error-boundary';
import { PageFrame } from './page-frame';
import { PAGES } from './registry';
import { Shell } from './shell';

/** Each page with the component that loads its code. */
const ROUTES = PAGES.map((page) => ({ page, Page: lazy(page.load) }));

/** Which page an address leads to: signing in stands alone, all others within the shell. */
export function Router() {
  return (
    <Switch>
      <Route path="/sign-in" component={SignInPage} />
      <Route>
        <Shell>
          <Suspense fallback={<Loading />}>
            <Switch>
              {ROUTES.map(({ page, Page }) => (
                <Route key={page.path} path={page.path}>
                  <ErrorBoundary key={page.path}>
                    <PageFrame page={page} Page={Page} />
                  </ErrorBoundary>
                </Route>
              ))}
              <Route component={NotFound} />
            </Switch>
          </Suspense>
        </Shell>
      </Route>
    </Switch>
  );
}
