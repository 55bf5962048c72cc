import { Checkbox, Modal, NativeSelect, Stack, Text, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { createNote, PATIENTS } from '../../api/patients';
import { FormEnd } from '../../ui/form-end';
import { useAction } from '../../ui/use-action';
import { NOTE_TYPES, SECTIONS } from './sections';

interface NewNoteDialogProps {
  patientId: string;
  opened: boolean;
  onClose: () => void;
}

/** A note is signed and locked when it is sent; a correction is another note. */
export function NewNoteDialog({ patientId, opened, onClose }: NewNoteDialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} title="New note" size="lg" closeOnClickOutside={false}>
      <NewNoteForm patientId={patientId} onClose={onClose} />
    </Modal>
  );
}

function NewNoteForm({ patientId, onClose }: Omit<NewNoteDialogProps, 'opened'>) {
  const queries = useQueryClient();
  const [type, setType] = useState('progress_note');
  const [texts, setTexts] = useState<Readonly<Record<string, string>>>({});
  const [confidential, setConfidential] = useState(false);
  const content = Object.fromEntries(
    Object.entries(texts).flatMap(([name, text]) => (text.trim() === '' ? [] : [[name, text.trim()]])),
  );
  const create = useAction({
    mutationFn: () => createNote(patientId, { type, content, confidential }),
    onSuccess: async () => {
      onClose();
      await queries.invalidateQueries({ queryKey: [...PATIENTS, patientId, 'chart'] });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <NativeSelect
          label="Kind"
          data={NOTE_TYPES}
          value={type}
          onChange={({ currentTarget }) => setType(currentTarget.value)}
          data-autofocus
        />
        {SECTIONS.map(({ name, label }) => (
          <Textarea
            key={name}
            label={label}
            autosize
            minRows={1}
            maxRows={8}
            value={texts[name] ?? ''}
            onChange={({ currentTarget: { value } }) => setTexts({ ...texts, [name]: value })}
          />
        ))}
        <Checkbox
          label="Confidential"
          description="Only you, prescribers and administrators see it."
          checked={confidential}
          onChange={({ currentTarget }) => setConfidential(currentTarget.checked)}
        />
        <Text size="sm" c="dimmed">
          Signing locks the note. A correction is another note.
        </Text>
        <FormEnd
          verb="Sign note"
          isBusy={create.isPending}
          disabled={Object.keys(content).length === 0}
          error={create.error}
          onCancel={onClose}
        />
      </Stack>
    </form>
  );
}
