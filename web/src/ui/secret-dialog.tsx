import { Modal, Stack } from '@mantine/core';
import { type QueryKey, useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { ApiError } from '../api/client';
import { useUser } from '../app/session';
import { FormEnd } from './form-end';
import { PracticeSelect } from './practice-select';

export interface SecretDialogProps<Made> {
  opened: boolean;
  onClose: () => void;
  title: string;
  titleWhenMade: string;
  /** What is filled in before; a form of its own, so that the next time begins empty. */
  form: (tell: MakingProps<Made>) => ReactNode;
  /** Shows what was made, this once. */
  children: (made: Made, close: () => void) => ReactNode;
}

/** Makes something with a secret, then shows it once. Closing forgets it. */
export function SecretDialog<Made>(props: SecretDialogProps<Made>) {
  const { opened, onClose, title, titleWhenMade, form, children } = props;
  const [made, setMade] = useState<Made>();
  const close = (): void => {
    setMade(undefined);
    onClose();
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={made === undefined ? title : titleWhenMade}
      size="lg"
      closeOnClickOutside={made === undefined}
    >
      {made === undefined ? form({ onMade: setMade, onCancel: close }) : children(made, close)}
    </Modal>
  );
}

export interface MakingProps<Made> {
  onMade: (made: Made) => void;
  onCancel: () => void;
}

interface SecretFormProps<Made> extends MakingProps<Made> {
  /** Asks the server for it. */
  make: () => Promise<Made>;
  /** Queries that show what was made. */
  queryKey: QueryKey;
  verb: string;
  /** Whether the form is filled in. */
  isReady?: boolean;
  /** The fields, given the faults by field. */
  children: (faults: Readonly<Record<string, string>>) => ReactNode;
}

export function SecretForm<Made>(props: SecretFormProps<Made>) {
  const { make, queryKey, verb, isReady = true, onMade, onCancel, children } = props;
  const queries = useQueryClient();
  const making = useMutation({
    mutationFn: make,
    onSuccess: async (made) => {
      onMade(made);
      await queries.invalidateQueries({ queryKey });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    making.mutate();
  };
  const faults = making.error instanceof ApiError ? making.error.fields : {};
  return (
    <form onSubmit={submit}>
      <Stack>
        {children(faults)}
        <FormEnd
          verb={verb}
          isBusy={making.isPending}
          disabled={!isReady}
          error={Object.keys(faults).length > 0 ? null : making.error}
          onCancel={onCancel}
        />
      </Stack>
    </form>
  );
}

/** The practice that something new is for: the user's own; operators choose. */
export function usePractice() {
  const { practiceId } = useUser();
  const [practice, setPractice] = useState(practiceId);
  return {
    /** For the body of the request; nothing while none is chosen. */
    given: practice === null ? {} : { practice },
    isChosen: practice !== null,
    field: (fault: string | undefined) =>
      practiceId === null && <PracticeSelect value={practice} onChange={setPractice} error={fault} />,
  };
}
