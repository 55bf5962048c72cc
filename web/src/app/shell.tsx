import { AppShell, Burger, Group, Text } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { type ReactNode, useEffect } from 'react';
import { Redirect, useLocation, useSearch } from 'wouter';
import { Failure, Loading } from '../ui/states';
import icon from './icon.svg';
import { Link } from './link';
import { Navigation } from './navigation';
import { useSession, UserProvider } from './session';
import { UserMenu } from './user-menu';

/** The frame around every page of a signed-in user; whoever is not goes to sign in first. */
export function Shell({ children }: { children: ReactNode }) {
  const session = useSession();
  const [path] = useLocation();
  const search = useSearch();
  const [open, { toggle, close }] = useDisclosure(false);
  useEffect(close, [path, close]);

  if (session.isPending) return <Loading label="Opening the dashboard" />;
  // A session that was known stays in use while it cannot be asked for.
  if (session.data === undefined)
    return <Failure error={session.error} retry={() => void session.refetch()} />;
  const { user } = session.data;
  const next = search === '' ? path : `${path}?${search}`;
  if (user === null) return <Redirect to={`/sign-in?next=${encodeURIComponent(next)}`} replace />;

  return (
    <UserProvider key={user.id} value={user}>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <AppShell
        header={{ height: 56 }}
        navbar={{ width: 236, breakpoint: 'sm', collapsed: { mobile: !open } }}
        padding={{ base: 'md', sm: 'xl' }}
      >
        <AppShell.Header>
          <Group h="100%" px="md" justify="space-between" wrap="nowrap">
            <Group gap="sm" wrap="nowrap">
              <Burger
                opened={open}
                onClick={toggle}
                hiddenFrom="sm"
                size="sm"
                aria-label="Navigation"
                aria-expanded={open}
              />
              <Link to="/" className="wordmark">
                <img src={icon} alt="" width={26} height={26} />
                Crosswalk
              </Link>
              {user.practice !== null && (
                <Text c="dimmed" size="sm" visibleFrom="sm" truncate>
                  {user.practice}
                </Text>
              )}
            </Group>
            <UserMenu user={user} />
          </Group>
        </AppShell.Header>
        <AppShell.Navbar p="sm" aria-label="Areas">
          <Navigation user={user} />
        </AppShell.Navbar>
        <AppShell.Main id="main" tabIndex={-1}>
          {children}
        </AppShell.Main>
      </AppShell>
    </UserProvider>
  );
}
