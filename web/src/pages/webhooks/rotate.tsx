import { Button, Group, Modal, Select, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { rotateSecret, WEBHOOKS } from '../../api/webhooks';
import { Failure } from '../../ui/states';
import { MadeSecret } from './new-webhook';

const OVERLAPS = [
  { value: '0', label: 'None: the old secret ends now' },
  { value: '1', label: '1 hour' },
  { value: '24', label: '24 hours' },
  { value: '168', label: '7 days' },
];

/** A new signing secret; during the overlap calls carry a signature of each. */
export function RotateSecretDialog({
  id,
  opened,
  onClose,
}: {
  id: string;
  opened: boolean;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const [overlap, setOverlap] = useState('24');
  const rotation = useMutation({
    mutationFn: () => rotateSecret(id, Number(overlap)),
    onSuccess: () => queries.invalidateQueries({ queryKey: WEBHOOKS }),
  });
  const close = (): void => {
    rotation.reset();
    onClose();
  };
  const made = rotation.data;
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={made === undefined ? 'Rotate the secret' : 'The new secret'}
      size="lg"
      closeOnClickOutside={made === undefined}
    >
      {made === undefined ? (
        <Stack>
          <Text size="sm">
            Calls are signed with the new secret from now on. During the overlap{' '}
            <code>webhook-signature</code> carries a signature of the old one too;{' '}
            <code>X-HandoffRx-Signature</code> has room for the new one only.
          </Text>
          <Select
            label="Overlap"
            data={OVERLAPS}
            value={overlap}
            onChange={(value) => setOverlap(value ?? '24')}
            allowDeselect={false}
          />
          {rotation.isError && <Failure error={rotation.error} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button loading={rotation.isPending} onClick={() => rotation.mutate()}>
              Rotate
            </Button>
          </Group>
        </Stack>
      ) : (
        <MadeSecret secret={made.secret} onClose={close} />
      )}
    </Modal>
  );
}
