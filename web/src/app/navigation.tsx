import { AppShell, NavLink, ScrollArea, Text } from '@mantine/core';
import { IconBook2, IconHome } from '@tabler/icons-react';
import { useLocation } from 'wouter';
import type { User } from '../api/session';
import { Link } from './link';
import { navigationFor } from './registry';

/** The areas that the user's role opens. */
export function Navigation({ user }: { user: User }) {
  const [path] = useLocation();
  const here = (to: string) => ({
    component: Link,
    to,
    active: isWithin(path, to),
    'aria-current': isWithin(path, to) ? ('page' as const) : undefined,
  });
  return (
    <>
      <AppShell.Section grow component={ScrollArea} type="auto">
        <NavLink {...here('/')} label="Home" leftSection={<IconHome size={18} stroke={1.6} />} />
        {navigationFor(user).map(({ group, pages }) => (
          <div key={group} role="group" aria-label={group}>
            <Text size="xs" c="dimmed" fw={600} px="sm" pt="md" pb={4}>
              {group}
            </Text>
            {pages.map(({ path: to, title, nav: { icon: Icon } }) => (
              <NavLink key={to} {...here(to)} label={title} leftSection={<Icon size={18} stroke={1.6} />} />
            ))}
          </div>
        ))}
      </AppShell.Section>
      <AppShell.Section>
        <NavLink
          component="a"
          href="/docs"
          label="Guides and APIs"
          leftSection={<IconBook2 size={18} stroke={1.6} />}
        />
      </AppShell.Section>
    </>
  );
}

/** An area is current on its own pages too; home only on itself. */
function isWithin(path: string, area: string): boolean {
  return path === area || (area !== '/' && path.startsWith(`${area}/`));
}
