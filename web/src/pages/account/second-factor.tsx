import { Modal, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import {
  type Account,
  ACCOUNT,
  confirmSecondFactor,
  type OfferedSecondFactor,
  offerSecondFactor,
} from '../../api/account';
import { DialogForm } from '../../ui/dialog-form';
import { QrCode } from '../../ui/qr-code';
import { SecretOnce } from '../../ui/secret-once';
import { CodeField, useProof } from './proof';

interface DialogProps {
  account: Account;
  opened: boolean;
  onClose: () => void;
}

/** The proof, then the new key, which counts once a code of it has been typed. */
export function SecondFactorDialog({ account, opened, onClose }: DialogProps) {
  const [offered, setOffered] = useState<OfferedSecondFactor>();
  const close = (): void => {
    setOffered(undefined);
    onClose();
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={account.mfa ? 'Move the second factor' : 'Turn on the second factor'}
      size="lg"
      closeOnClickOutside={offered === undefined}
    >
      {offered === undefined ? (
        <ProofForm account={account} onOffered={setOffered} onCancel={close} />
      ) : (
        <ConfirmForm offered={offered} onClose={close} />
      )}
    </Modal>
  );
}

function ProofForm({
  account,
  onOffered,
  onCancel,
}: {
  account: Account;
  onOffered: (offered: OfferedSecondFactor) => void;
  onCancel: () => void;
}) {
  const { proof, isTyped, fields } = useProof(account);
  return (
    <DialogForm
      make={() => offerSecondFactor(proof)}
      onMade={onOffered}
      onCancel={onCancel}
      queryKey={ACCOUNT}
      verb="Continue"
      isReady={isTyped}
    >
      {fields}
    </DialogForm>
  );
}

function ConfirmForm({ offered, onClose }: { offered: OfferedSecondFactor; onClose: () => void }) {
  const [code, setCode] = useState('');
  return (
    <DialogForm
      make={() => confirmSecondFactor(code.trim())}
      onMade={() => {
        notifications.show({ message: 'The second factor is on; your other sessions have ended.' });
        onClose();
      }}
      onCancel={onClose}
      queryKey={ACCOUNT}
      verb="Turn on"
      isReady={code.trim() !== ''}
    >
      {(faults) => (
        <Stack>
          <Text size="sm">Scan this with an authenticator application, or type the key into it.</Text>
          <QrCode value={offered.totpUri} title="QR code of the key" />
          <SecretOnce secrets={[{ label: 'Key for an authenticator', secret: offered.totpSecret }]} />
          <CodeField
            label="Code that the application shows now"
            value={code}
            onChange={setCode}
            error={faults['code']}
          />
        </Stack>
      )}
    </DialogForm>
  );
}
