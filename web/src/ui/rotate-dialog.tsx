import { Button, Group, Modal, Select, Stack, Text } from '@mantine/core';
import { type QueryKey, useMutation, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { Failure } from './states';

interface RotateDialogProps<Made> {
  opened: boolean;
  onClose: () => void;
  /** What is rotated: "key", "secret". */
  what: string;
  title: string;
  titleWhenMade: string;
  /** What the overlap means here. */
  about: ReactNode;
  rotate: (overlapHours: number) => Promise<Made>;
  /** Queries that show it. */
  queryKey: QueryKey;
  /** Shows what was made, this once. */
  children: (made: Made, close: () => void) => ReactNode;
}

/** Makes a new secret in place of one that stays good for a while, and shows it once. */
export function RotateDialog<Made>(props: RotateDialogProps<Made>) {
  const { opened, onClose, what, title, titleWhenMade, about, rotate, queryKey, children } = props;
  const queries = useQueryClient();
  const [overlap, setOverlap] = useState('24');
  const rotation = useMutation({
    mutationFn: () => rotate(Number(overlap)),
    onSuccess: () => queries.invalidateQueries({ queryKey }),
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
      title={made === undefined ? title : titleWhenMade}
      size="lg"
      closeOnClickOutside={made === undefined}
    >
      {made !== undefined ? (
        children(made, close)
      ) : (
        <Stack>
          <Text size="sm">{about}</Text>
          <Select
            label="Overlap"
            data={overlapsOf(what)}
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
      )}
    </Modal>
  );
}

function overlapsOf(what: string) {
  return [
    { value: '0', label: `None: the old ${what} ends now` },
    { value: '1', label: '1 hour' },
    { value: '24', label: '24 hours' },
    { value: '168', label: '7 days' },
  ];
}
