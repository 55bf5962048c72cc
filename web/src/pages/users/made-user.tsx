import { Button, Group, Text } from '@mantine/core';
import type { NewUser } from '../../api/users';
import { QrCode } from '../../ui/qr-code';
import { SecretOnce } from '../../ui/secret-once';

/** The password, and the seed of the second factor, for the person alone. */
export function MadeUser({ made, onClose }: { made: NewUser; onClose: () => void }) {
  const { email, password, totpSecret, totpUri } = made;
  return (
    <SecretOnce
      secrets={[
        { label: `Password of ${email}`, secret: password },
        ...(totpSecret === undefined ? [] : [{ label: 'Key for an authenticator', secret: totpSecret }]),
      ]}
    >
      {totpUri !== undefined && (
        <>
          <Text size="sm">
            The key goes into an authenticator application, as a time-based code of six digits: typed, or
            scanned by the person beside you.
          </Text>
          <QrCode value={totpUri} title="QR code of the key" />
        </>
      )}
      <Group justify="flex-end">
        <Button onClick={onClose}>I have passed it on</Button>
      </Group>
    </SecretOnce>
  );
}
