import { Modal, PasswordInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { type Account, ACCOUNT, changePassword } from '../../api/account';
import { DialogForm } from '../../ui/dialog-form';
import { useProof } from './proof';

interface DialogProps {
  account: Account;
  opened: boolean;
  onClose: () => void;
}

export function PasswordDialog({ opened, onClose, account }: DialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title="Change password">
      <PasswordForm account={account} onClose={onClose} />
    </Modal>
  );
}

/** A form of its own, so that the next time begins empty. */
function PasswordForm({ account, onClose }: Omit<DialogProps, 'opened'>) {
  const { proof, isTyped, fields } = useProof(account);
  const [next, setNext] = useState('');
  const [again, setAgain] = useState('');
  const differs = again !== '' && again !== next;
  return (
    <DialogForm
      make={() => changePassword({ ...proof, newPassword: next })}
      onMade={() => {
        notifications.show({ message: 'The password is changed; your other sessions have ended.' });
        onClose();
      }}
      onCancel={onClose}
      queryKey={ACCOUNT}
      verb="Change password"
      isReady={isTyped && next !== '' && again === next}
    >
      {(faults) => (
        <>
          {fields(faults)}
          <PasswordInput
            label="New password"
            description="8 characters or more; a few words are easier to keep than a few signs."
            autoComplete="new-password"
            required
            maxLength={256}
            value={next}
            onChange={({ currentTarget: { value } }) => setNext(value)}
            error={faults['newPassword']}
          />
          <PasswordInput
            label="New password again"
            autoComplete="new-password"
            required
            maxLength={256}
            value={again}
            onChange={({ currentTarget: { value } }) => setAgain(value)}
            error={differs ? 'Differs from the one above' : undefined}
          />
        </>
      )}
    </DialogForm>
  );
}
