import { Button, Group, Menu, Text, useMantineColorScheme } from '@mantine/core';
import {
  IconChevronDown,
  IconDeviceDesktop,
  IconLogout,
  IconMoon,
  IconSun,
  IconUserCog,
} from '@tabler/icons-react';
import { notifications } from '@mantine/notifications';
import { useLocation } from 'wouter';
import { ApiError } from '../api/client';
import { forgetEverything } from '../api/queries';
import { signOut, type User } from '../api/session';
import { useAction } from '../ui/use-action';
import { Link } from './link';
import { ROLE_NAMES } from './session';

const SCHEMES = [
  { value: 'light', label: 'Light', icon: IconSun },
  { value: 'dark', label: 'Dark', icon: IconMoon },
  { value: 'auto', label: 'As the system', icon: IconDeviceDesktop },
] as const;

/** Who one is, light or dark, and the way out. */
export function UserMenu({ user }: { user: User }) {
  const [, navigate] = useLocation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const left = (): void => {
    forgetEverything();
    navigate('/sign-in', { replace: true });
  };
  const leave = useAction({
    mutationFn: signOut,
    onSuccess: left,
    // A session that has ended meanwhile is left already.
    onError: (error) => {
      if (error instanceof ApiError && error.status === 401) return left();
      notifications.show({ color: 'red', message: `You are still signed in. ${error.message}` });
    },
  });
  return (
    <Menu position="bottom-end" width={240} shadow="md">
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          c="var(--mantine-color-text)"
          rightSection={<IconChevronDown size={16} />}
        >
          {user.name}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Group px="sm" py="xs" gap={2}>
          <Text size="sm" truncate>
            {user.email}
          </Text>
          <Text size="xs" c="dimmed" w="100%">
            {ROLE_NAMES[user.role]}
            {user.practice !== null && ` at ${user.practice}`}
          </Text>
        </Group>
        <Menu.Item component={Link} to="/account" leftSection={<IconUserCog size={16} />}>
          Your account
        </Menu.Item>
        <Menu.Divider />
        {SCHEMES.map(({ value, label, icon: Icon }) => (
          <Menu.Item
            key={value}
            leftSection={<Icon size={16} />}
            onClick={() => setColorScheme(value)}
            aria-current={colorScheme === value}
            fw={colorScheme === value ? 600 : 400}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconLogout size={16} />}
          onClick={() => leave.mutate()}
          disabled={leave.isPending}
        >
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
