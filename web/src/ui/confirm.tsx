import { Modal, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { FormEnd } from './form-end';

interface ConfirmProps {
  opened: boolean;
  title: string;
  children: ReactNode;
  /** What the button says: the verb of what happens. */
  verb: string;
  isDangerous?: boolean;
  isBusy: boolean;
  error: unknown;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before what cannot be undone. */
export function Confirm({ opened, title, children, onClose, ...end }: ConfirmProps) {
  return (
    <Modal opened={opened} onClose={onClose} title={title}>
      <Stack gap="md">
        <Text size="sm" component="div">
          {children}
        </Text>
        <FormEnd {...end} onCancel={onClose} />
      </Stack>
    </Modal>
  );
}
