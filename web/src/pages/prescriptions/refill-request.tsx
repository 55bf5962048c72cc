import { Alert, Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { PATIENTS } from '../../api/patients';
import { type ListedPrescription, PRESCRIPTIONS, requestRefill } from '../../api/prescriptions';
import { REFILLS } from '../../api/refills';
import { FormEnd } from '../../ui/form-end';
import { useAction } from '../../ui/use-action';
import { wordsOf } from '../../ui/words';

const ASKERS = [
  { value: 'patient', label: 'The patient' },
  { value: 'pharmacy', label: 'The pharmacy' },
  { value: 'provider', label: 'The provider' },
];

interface RefillRequestDialogProps {
  /** Undefined while nothing is asked for. */
  prescription: ListedPrescription | undefined;
  onClose: () => void;
}

/** Asks for a refill: one that is not early is approved at once, others wait for a prescriber. */
export function RefillRequestDialog({ prescription, onClose }: RefillRequestDialogProps) {
  return (
    <Modal opened={prescription !== undefined} onClose={onClose} title="Ask for a refill">
      {prescription !== undefined && <RefillRequestForm prescription={prescription} onClose={onClose} />}
    </Modal>
  );
}

function RefillRequestForm({
  prescription: { id, medication, refillsRemaining },
  onClose,
}: {
  prescription: ListedPrescription;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const [requestedBy, setRequestedBy] = useState('patient');
  const [reason, setReason] = useState('');
  const ask = useAction({
    mutationFn: () =>
      requestRefill(id, { requestedBy, ...(reason.trim() !== '' && { earlyRefillReason: reason.trim() }) }),
    onSuccess: async () => {
      for (const queryKey of [PRESCRIPTIONS, REFILLS, PATIENTS])
        await queries.invalidateQueries({ queryKey });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    ask.mutate();
  };
  if (ask.isSuccess) {
    const isApproved = ask.data.status === 'approved';
    return (
      <Stack>
        <Alert
          role="status"
          color={isApproved ? 'green' : 'orange'}
          title={isApproved ? 'The refill is approved' : 'It waits for a prescriber'}
        >
          {!isApproved && ask.data.approvalReason !== null && `Why: ${wordsOf(ask.data.approvalReason)}. `}
          {ask.data.refillsRemaining} refills are left.
        </Alert>
        <Group justify="flex-end">
          <Button onClick={onClose}>Done</Button>
        </Group>
      </Stack>
    );
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">
          {medication}, {refillsRemaining} refills left.
        </Text>
        <NativeSelect
          label="Who asks"
          data={ASKERS}
          value={requestedBy}
          onChange={({ currentTarget }) => setRequestedBy(currentTarget.value)}
          data-autofocus
        />
        <TextInput
          label="Why so early, if it is"
          placeholder="vacation"
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
        />
        <FormEnd verb="Ask for the refill" isBusy={ask.isPending} error={ask.error} onCancel={onClose} />
      </Stack>
    </form>
  );
}
