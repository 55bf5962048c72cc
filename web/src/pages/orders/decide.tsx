import { Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { cancelOrder, fulfilOrder, ORDERS } from '../../api/orders';
import { Confirm } from '../../ui/confirm';
import { useAction } from '../../ui/use-action';

interface DecideProps {
  id: string;
  opened: boolean;
  onClose: () => void;
}

function useChange(send: () => Promise<unknown>, onClose: () => void) {
  const queries = useQueryClient();
  const refresh = () => queries.invalidateQueries({ queryKey: ORDERS });
  return useAction({
    mutationFn: send,
    onSuccess: async () => {
      onClose();
      await refresh();
    },
    // Somebody else may have been first: what is behind the dialog is shown anew.
    onError: refresh,
  });
}

/** Everything of it at once; parts of an order are fulfilled through the API. */
export function FulfilOrder({ id, opened, onClose }: DecideProps) {
  const [notes, setNotes] = useState('');
  const change = useChange(
    () => fulfilOrder(id, notes.trim() === '' ? {} : { notes: notes.trim() }),
    onClose,
  );
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      title="Fulfil this order?"
      verb="Fulfil"
      isBusy={change.isPending}
      error={change.error}
      onConfirm={() => change.mutate()}
    >
      <Stack>
        <Text size="sm">All its items were handed over.</Text>
        <TextInput
          label="Note"
          value={notes}
          onChange={({ currentTarget }) => setNotes(currentTarget.value)}
        />
      </Stack>
    </Confirm>
  );
}

export function CancelOrder({ id, opened, onClose }: DecideProps) {
  const [reason, setReason] = useState('');
  const change = useChange(
    () => cancelOrder(id, reason.trim() === '' ? {} : { reason: reason.trim() }),
    onClose,
  );
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      title="Cancel this order?"
      verb="Cancel order"
      isDangerous
      isBusy={change.isPending}
      error={change.error}
      onConfirm={() => change.mutate()}
    >
      <Stack>
        <Text size="sm">It cannot be taken back. What was paid is refunded.</Text>
        <TextInput
          label="Reason"
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
        />
      </Stack>
    </Confirm>
  );
}
