import { ActionIcon, Menu, Text } from '@mantine/core';
import { IconDots, IconKey, IconLockOpen, IconUserCheck, IconUserOff } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import {
  changeUser,
  type NewUser,
  renewUser,
  type UserChange,
  USERS,
  type UserStanding,
} from '../../api/users';
import { useUser } from '../../app/session';
import { Confirm } from '../../ui/confirm';
import { DialogForm } from '../../ui/dialog-form';
import { SecretDialog } from '../../ui/secret-dialog';
import { useAction } from '../../ui/use-action';
import { MadeUser } from './made-user';

const CHANGES: Readonly<Record<UserChange, { title: string; verb: string; about: string }>> = {
  unlock: {
    title: 'Unlock this user?',
    verb: 'Unlock',
    about: 'The failed sign-ins are forgotten, so that the next try counts as the first.',
  },
  disable: {
    title: 'Disable this user?',
    verb: 'Disable',
    about: 'Every session ends at once, and nobody signs in as this user until it is enabled again.',
  },
  enable: {
    title: 'Enable this user?',
    verb: 'Enable',
    about: 'The user signs in again with the password that it had.',
  },
};

/** What may be done with a user: nothing with oneself, nor with roles beyond one's own. */
export function UserActions({ user }: { user: UserStanding }) {
  const self = useUser();
  const [change, setChange] = useState<UserChange>();
  const [isRenewing, setRenewing] = useState(false);
  const isOperator = self.role === 'operator';
  const isBeyond = user.role === 'operator' || user.role === 'compliance';
  if (user.id === self.id)
    return (
      <Text span size="sm" c="dimmed">
        you
      </Text>
    );
  if (isBeyond && !isOperator) return null;
  return (
    <>
      <Menu position="bottom-end" shadow="md">
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${user.name}`}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {user.lockedUntil !== null && (
            <Menu.Item leftSection={<IconLockOpen size={16} />} onClick={() => setChange('unlock')}>
              Unlock
            </Menu.Item>
          )}
          {isOperator && (
            <Menu.Item leftSection={<IconKey size={16} />} onClick={() => setRenewing(true)}>
              New password
            </Menu.Item>
          )}
          {user.status === 'active' ? (
            <Menu.Item leftSection={<IconUserOff size={16} />} onClick={() => setChange('disable')}>
              Disable
            </Menu.Item>
          ) : (
            <Menu.Item leftSection={<IconUserCheck size={16} />} onClick={() => setChange('enable')}>
              Enable
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      <ChangeDialog user={user} change={change} onClose={() => setChange(undefined)} />
      <RenewDialog user={user} opened={isRenewing} onClose={() => setRenewing(false)} />
    </>
  );
}

interface ChangeDialogProps {
  user: UserStanding;
  /** Undefined while nothing is asked. */
  change: UserChange | undefined;
  onClose: () => void;
}

function ChangeDialog({ user, change, onClose }: ChangeDialogProps) {
  const queries = useQueryClient();
  const changing = useAction({
    mutationFn: (asked: UserChange) => changeUser(user.id, asked),
    onSuccess: async () => {
      onClose();
      await queries.invalidateQueries({ queryKey: USERS });
    },
  });
  // What it says stays while it closes.
  const [shown, setShown] = useState<UserChange>('unlock');
  if (change !== undefined && change !== shown) setShown(change);
  const { title, verb, about } = CHANGES[shown];
  return (
    <Confirm
      opened={change !== undefined}
      onClose={onClose}
      title={title}
      verb={verb}
      isDangerous={shown === 'disable'}
      isBusy={changing.isPending}
      error={changing.error}
      onConfirm={() => changing.mutate(shown)}
    >
      {user.name}, {user.email}. {about}
    </Confirm>
  );
}

function RenewDialog({
  user,
  opened,
  onClose,
}: {
  user: UserStanding;
  opened: boolean;
  onClose: () => void;
}) {
  return (
    <SecretDialog<NewUser>
      opened={opened}
      onClose={onClose}
      title="Make a new password?"
      titleWhenMade="The new password"
      form={(making) => (
        <DialogForm {...making} make={() => renewUser(user.id)} queryKey={USERS} verb="Make new password">
          {() => (
            <Text size="sm">
              {user.name}, {user.email}. The old password
              {user.mfa && ' and the old second factor'} and every session end at once.
            </Text>
          )}
        </DialogForm>
      )}
    >
      {(made, close) => <MadeUser made={made} onClose={close} />}
    </SecretDialog>
  );
}
