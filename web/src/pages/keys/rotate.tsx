import { Button, Group, Modal, Select, Stack, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type ApiKey, KEYS, rotateKey } from '../../api/keys';
import { Failure } from '../../ui/states';
import { MadeKey } from './new-key';

const OVERLAPS = [
  { value: '0', label: 'None: the old key ends now' },
  { value: '1', label: '1 hour' },
  { value: '24', label: '24 hours' },
  { value: '168', label: '7 days' },
];

/** A new key with the same rights; the old one stays good for a while. */
export function RotateDialog({
  apiKey,
  opened,
  onClose,
}: {
  apiKey: ApiKey;
  opened: boolean;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const [overlap, setOverlap] = useState('24');
  const rotation = useMutation({
    mutationFn: () => rotateKey(apiKey.id, Number(overlap)),
    onSuccess: () => queries.invalidateQueries({ queryKey: KEYS }),
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
      title={made === undefined ? 'Rotate this key' : 'Your new API key'}
      size="lg"
      closeOnClickOutside={made === undefined}
    >
      {made === undefined ? (
        <Stack>
          <Text size="sm">
            The new key has the same practice, plan and scopes. Both work during the overlap, so that nothing
            stands still.
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
        <MadeKey made={made} onClose={close} />
      )}
    </Modal>
  );
}
