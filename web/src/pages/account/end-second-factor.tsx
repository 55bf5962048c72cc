import { Modal, Text } from '@mantine/core';
import { type Account, ACCOUNT, endSecondFactor } from '../../api/account';
import { DialogForm } from '../../ui/dialog-form';
import { useProof } from './proof';

interface DialogProps {
  account: Account;
  opened: boolean;
  onClose: () => void;
}

export function EndSecondFactorDialog({ account, opened, onClose }: DialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title="Turn off the second factor?">
      <EndForm account={account} onClose={onClose} />
    </Modal>
  );
}

function EndForm({ account, onClose }: Omit<DialogProps, 'opened'>) {
  const { proof, isTyped, fields } = useProof(account);
  return (
    <DialogForm
      make={() => endSecondFactor(proof)}
      onMade={onClose}
      onCancel={onClose}
      queryKey={ACCOUNT}
      verb="Turn off"
      isDangerous
      isReady={isTyped}
    >
      {(faults) => (
        <>
          <Text size="sm">From then on your password alone is enough to sign in as you.</Text>
          {fields(faults)}
        </>
      )}
    </DialogForm>
  );
}
