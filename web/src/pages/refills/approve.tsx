import { Checkbox, NumberInput, Textarea } from '@mantine/core';
import { useState } from 'react';
import { approveRefill } from '../../api/refills';
import { DecisionDialog, type DecisionDialogProps, DecisionForm, type DecisionProps } from './decision';

export function ApproveDialog(props: DecisionDialogProps) {
  return <DecisionDialog {...props} title="Approve the refill?" Form={ApproveForm} />;
}

function ApproveForm(decided: DecisionProps) {
  const { id, refillsRemaining } = decided.refill;
  const [quantity, setQuantity] = useState<number | string>('');
  const [notes, setNotes] = useState('');
  const [sendToPharmacy, setSendToPharmacy] = useState(false);
  return (
    <DecisionForm
      {...decided}
      about={`${refillsRemaining} refills are left. The patient is told.`}
      verb="Approve"
      send={() =>
        approveRefill(id, {
          sendToPharmacy,
          ...(typeof quantity === 'number' && { quantity }),
          ...(notes.trim() !== '' && { notes: notes.trim() }),
        })
      }
    >
      <NumberInput
        label="Quantity"
        description="As prescribed when empty."
        min={0}
        value={quantity}
        onChange={setQuantity}
        hideControls
      />
      <Textarea label="Note" value={notes} onChange={({ currentTarget }) => setNotes(currentTarget.value)} />
      <Checkbox
        label="Send it to the pharmacy"
        description="The one of the request, else of the prescription."
        checked={sendToPharmacy}
        onChange={({ currentTarget }) => setSendToPharmacy(currentTarget.checked)}
      />
    </DecisionForm>
  );
}
