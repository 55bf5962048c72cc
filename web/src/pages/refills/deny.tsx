import { Button, Group, Modal, NativeSelect, Stack, Text, Textarea } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { denyRefill, type PendingRefill } from '../../api/refills';
import { Failure } from '../../ui/states';
import { useDecision } from './decision';
import { Taken } from './taken';

const REASONS = [
  { value: 'too_soon', label: 'Too soon' },
  { value: 'needs_visit', label: 'The patient has to be seen first' },
  { value: 'therapy_changed', label: 'The therapy has changed' },
  { value: 'not_appropriate', label: 'No longer appropriate' },
  { value: 'other', label: 'Another reason' },
];
const INSTEAD = [
  { value: '', label: 'Nothing' },
  { value: 'schedule_appointment', label: 'Make an appointment' },
  { value: 'call_practice', label: 'Call the practice' },
  { value: 'over_the_counter', label: 'Something without a prescription' },
];

interface DialogProps {
  /** Undefined while nothing is decided. */
  refill: PendingRefill | undefined;
  onClose: () => void;
}

export function DenyDialog({ refill, onClose }: DialogProps) {
  return (
    <Modal opened={refill !== undefined} onClose={onClose} title="Deny the refill?">
      {refill !== undefined && <DenyForm refill={refill} onClose={onClose} />}
    </Modal>
  );
}

function DenyForm({
  refill: { id, medication, patient },
  onClose,
}: {
  refill: PendingRefill;
  onClose: () => void;
}) {
  const [reason, setReason] = useState('too_soon');
  const [explanation, setExplanation] = useState('');
  const [alternativeAction, setInstead] = useState('');
  const { decision, isTaken } = useDecision(
    () =>
      denyRefill(id, {
        reason,
        ...(explanation.trim() !== '' && { explanation: explanation.trim() }),
        ...(alternativeAction !== '' && { alternativeAction }),
      }),
    onClose,
  );
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    decision.mutate();
  };
  if (isTaken) return <Taken message={decision.error?.message ?? ''} onClose={onClose} />;
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">
          {medication} for {patient?.name}. The patient and the pharmacy are told.
        </Text>
        <NativeSelect
          label="Reason"
          data={REASONS}
          value={reason}
          onChange={({ currentTarget }) => setReason(currentTarget.value)}
          data-autofocus
        />
        <Textarea
          label="Explanation"
          value={explanation}
          onChange={({ currentTarget }) => setExplanation(currentTarget.value)}
        />
        <NativeSelect
          label="Instead"
          data={INSTEAD}
          value={alternativeAction}
          onChange={({ currentTarget }) => setInstead(currentTarget.value)}
        />
        {decision.isError && <Failure error={decision.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" color="red.9" loading={decision.isPending}>
            Deny
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
