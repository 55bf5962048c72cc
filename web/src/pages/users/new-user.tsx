import { Checkbox, NativeSelect, SimpleGrid, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Role } from '../../api/session';
import { createUser, type NewUser, USERS } from '../../api/users';
import { ROLE_NAMES, useUser } from '../../app/session';
import { DialogForm, type MakingProps } from '../../ui/dialog-form';
import { SecretDialog, usePractice } from '../../ui/secret-dialog';
import { MadeUser } from './made-user';

/** Roles beyond any practice, which only operators give. */
const BEYOND: readonly Role[] = ['operator', 'compliance'];
const OF_PRACTICES: readonly Role[] = [
  'staff',
  'provider',
  'admin',
  'pharmacy',
  'read-only',
  'practice-admin',
];

interface NewUserDialogProps {
  opened: boolean;
  onClose: () => void;
}

export function NewUserDialog({ opened, onClose }: NewUserDialogProps) {
  return (
    <SecretDialog<NewUser>
      opened={opened}
      onClose={onClose}
      title="New user"
      titleWhenMade="The user’s password"
      form={(making) => <NewUserForm {...making} />}
    >
      {(made, close) => <MadeUser made={made} onClose={close} />}
    </SecretDialog>
  );
}

function NewUserForm(making: MakingProps<NewUser>) {
  const isOperator = useUser().role === 'operator';
  const practice = usePractice();
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('staff');
  const [mfa, setMfa] = useState(true);
  const roles = isOperator ? [...OF_PRACTICES, ...BEYOND] : OF_PRACTICES;
  const isBeyond = BEYOND.includes(role);
  return (
    <DialogForm
      {...making}
      make={() =>
        createUser({ name: name.trim(), email: email.trim(), role, mfa, ...(!isBeyond && practice.given) })
      }
      queryKey={USERS}
      verb="Make user"
      isReady={name.trim() !== '' && email.trim() !== '' && (isBeyond || practice.isChosen)}
    >
      {(faults) => (
        <>
          <SimpleGrid cols={{ base: 1, xs: 2 }} style={{ alignItems: 'start' }}>
            <TextInput
              label="Name"
              required
              autoComplete="off"
              maxLength={200}
              data-autofocus
              value={name}
              onChange={({ currentTarget: { value } }) => setName(value)}
              error={faults['name']}
            />
            <TextInput
              label="E-mail"
              type="email"
              required
              autoComplete="off"
              maxLength={254}
              value={email}
              onChange={({ currentTarget: { value } }) => setEmail(value)}
              error={faults['email']}
            />
            <NativeSelect
              label="Role"
              data={roles.map((value) => ({ value, label: ROLE_NAMES[value] }))}
              value={role}
              onChange={({ currentTarget: { value } }) => setRole(value as Role)}
              error={faults['role']}
            />
            {!isBeyond && practice.field(faults['practice'])}
          </SimpleGrid>
          <Checkbox
            label="Second factor"
            description="Signing in takes a code of an authenticator application too."
            checked={mfa}
            onChange={({ currentTarget }) => setMfa(currentTarget.checked)}
          />
        </>
      )}
    </DialogForm>
  );
}
