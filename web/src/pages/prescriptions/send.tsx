import { Modal, NativeSelect, SimpleGrid, Stack, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError } from '../../api/client';
import { PRESCRIPTIONS, sendPrescription } from '../../api/prescriptions';
import { FormEnd } from '../../ui/form-end';
import { useAction } from '../../ui/use-action';
import { given } from './draft';
import { PharmacySelect } from './pharmacy-select';

const METHODS = [
  { value: 'electronic', label: 'Electronically' },
  { value: 'fax', label: 'By fax' },
  { value: 'phone', label: 'By phone' },
];
const PRIORITIES = [
  { value: 'routine', label: 'Routine' },
  { value: 'urgent', label: 'Urgent' },
  { value: 'stat', label: 'At once (stat)' },
];
const NEW = {
  pharmacyId: '',
  method: 'electronic',
  priority: 'routine',
  patientNotes: '',
  pharmacyNotes: '',
};

interface SendDialogProps {
  id: string;
  opened: boolean;
  onClose: () => void;
}

export function SendDialog({ opened, onClose, id }: SendDialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title="Send to a pharmacy" closeOnClickOutside={false}>
      <SendForm id={id} onClose={onClose} />
    </Modal>
  );
}

function SendForm({ id, onClose }: Omit<SendDialogProps, 'opened'>) {
  const queries = useQueryClient();
  const [input, setInput] = useState(NEW);
  const set = (changed: Partial<typeof NEW>): void => setInput({ ...input, ...changed });
  const send = useAction({
    mutationFn: () => {
      const { pharmacyId, ...more } = input;
      return sendPrescription(id, { pharmacyId, ...given(more) });
    },
    onSuccess: onClose,
    onSettled: () => queries.invalidateQueries({ queryKey: PRESCRIPTIONS }),
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    send.mutate();
  };
  const faults = send.error instanceof ApiError ? send.error.fields : {};
  return (
    <form onSubmit={submit}>
      <Stack>
        <PharmacySelect
          label="Pharmacy"
          required
          value={input.pharmacyId}
          onChange={(pharmacyId) => set({ pharmacyId })}
          error={faults['pharmacyId']}
        />
        <SimpleGrid cols={2}>
          <NativeSelect
            label="How"
            data={METHODS}
            value={input.method}
            onChange={({ currentTarget: { value } }) => set({ method: value })}
          />
          <NativeSelect
            label="Priority"
            data={PRIORITIES}
            value={input.priority}
            onChange={({ currentTarget: { value } }) => set({ priority: value })}
          />
        </SimpleGrid>
        <Textarea
          label="Note to the pharmacy"
          autosize
          maxLength={5000}
          value={input.pharmacyNotes}
          onChange={({ currentTarget: { value } }) => set({ pharmacyNotes: value })}
        />
        <Textarea
          label="Note for the patient"
          autosize
          maxLength={5000}
          value={input.patientNotes}
          onChange={({ currentTarget: { value } }) => set({ patientNotes: value })}
        />
        <FormEnd
          verb="Send"
          isBusy={send.isPending}
          disabled={input.pharmacyId === ''}
          error={Object.keys(faults).length > 0 ? null : send.error}
          onCancel={onClose}
        />
      </Stack>
    </form>
  );
}
