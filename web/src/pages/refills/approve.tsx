import { Button, Checkbox, Group, Modal, NumberInput, Stack, Text, Textarea } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { approveRefill, type PendingRefill } from '../../api/refills';
import { Failure } from '../../ui/states';
import { useDecision } from './decision';
import { Taken } from './taken';

interface DialogProps {
  /** Undefined while nothing is decided. */
  refill: PendingRefill | undefined;
  onClose: () => void;
}

export function ApproveDialog({ refill, onClose }: DialogProps) {
  return (
    <Modal opened={refill !== undefined} onClose={onClose} title="Approve the refill?">
      {refill !== undefined && <ApproveForm refill={refill} onClose={onClose} />}
    </Modal>
  );
}

function ApproveForm({ refill, onClose }: { refill: PendingRefill; onClose: () => void }) {
  const { id, medication, patient, refillsRemaining } = refill;
  const [quantity, setQuantity] = useState<number | string>('');
  const [notes, setNotes] = useState('');
  const [sendToPharmacy, setSendToPharmacy] = useState(false);
  const { decision, isTaken } = useDecision(
    () =>
      approveRefill(id, {
        sendToPharmacy,
        ...(typeof quantity === 'number' && { quantity }),
        ...(notes.trim() !== '' && { notes: notes.trim() }),
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
          {medication} for {patient?.name}. {refillsRemaining} refills are left. The patient is told.
        </Text>
        <NumberInput
          label="Quantity"
          description="As prescribed when empty."
          min={0}
          value={quantity}
          onChange={setQuantity}
          hideControls
        />
        <Textarea
          label="Note"
          value={notes}
          onChange={({ currentTarget }) => setNotes(currentTarget.value)}
        />
        <Checkbox
          label="Send it to the pharmacy"
          description="The one of the request, else of the prescription."
          checked={sendToPharmacy}
          onChange={({ currentTarget }) => setSendToPharmacy(currentTarget.checked)}
        />
        {decision.isError && <Failure error={decision.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" loading={decision.isPending}>
            Approve
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
