import { NativeSelect, Textarea } from '@mantine/core';
import { useState } from 'react';
import { denyRefill } from '../../api/refills';
import { DecisionDialog, type DecisionDialogProps, DecisionForm, type DecisionProps } from './decision';

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

export function DenyDialog(props: DecisionDialogProps) {
  return <DecisionDialog {...props} title="Deny the refill?" Form={DenyForm} />;
}

function DenyForm(decided: DecisionProps) {
  const [reason, setReason] = useState('too_soon');
  const [explanation, setExplanation] = useState('');
  const [alternativeAction, setInstead] = useState('');
  return (
    <DecisionForm
      {...decided}
      about="The patient and the pharmacy are told."
      verb="Deny"
      isDangerous
      send={() =>
        denyRefill(decided.refill.id, {
          reason,
          ...(explanation.trim() !== '' && { explanation: explanation.trim() }),
          ...(alternativeAction !== '' && { alternativeAction }),
        })
      }
    >
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
    </DecisionForm>
  );
}
