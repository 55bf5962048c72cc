import { Alert, Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactNode } from 'react';
import { ApiError } from '../../api/client';
import { PATIENTS } from '../../api/patients';
import { PRESCRIPTIONS } from '../../api/prescriptions';
import { type PendingRefill, REFILLS } from '../../api/refills';
import { FormEnd } from '../../ui/form-end';
import { useAction } from '../../ui/use-action';

export interface DecisionDialogProps {
  /** Undefined while nothing is decided. */
  refill: PendingRefill | undefined;
  onClose: () => void;
}

export interface DecisionProps {
  refill: PendingRefill;
  onClose: () => void;
}

/** Opens while a refill is to be decided; each refill begins with an empty form. */
export function DecisionDialog({
  refill,
  onClose,
  title,
  Form,
}: DecisionDialogProps & { title: string; Form: (props: DecisionProps) => ReactNode }) {
  return (
    <Modal opened={refill !== undefined} onClose={onClose} title={title}>
      {refill !== undefined && <Form key={refill.id} refill={refill} onClose={onClose} />}
    </Modal>
  );
}

interface DecisionFormProps extends DecisionProps {
  /** What comes of it. */
  about: string;
  verb: string;
  isDangerous?: boolean;
  send: () => Promise<unknown>;
  children: ReactNode;
}

/** Sends a decision. When somebody else was first (409), the list is asked for again, and the dialog says so. */
export function DecisionForm(props: DecisionFormProps) {
  const { refill, onClose, about, verb, isDangerous = false, send, children } = props;
  const queries = useQueryClient();
  const refresh = async (): Promise<void> => {
    for (const queryKey of [REFILLS, PRESCRIPTIONS, PATIENTS]) await queries.invalidateQueries({ queryKey });
  };
  const decision = useAction({
    mutationFn: send,
    onSuccess: async () => {
      onClose();
      await refresh();
    },
    onError: (error) => {
      if (isConflict(error)) void refresh();
    },
  });
  if (isConflict(decision.error)) return <Taken message={decision.error.message} onClose={onClose} />;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    decision.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text size="sm">
          {refill.medication} for {refill.patient?.name}. {about}
        </Text>
        {children}
        <FormEnd
          verb={verb}
          isDangerous={isDangerous}
          isBusy={decision.isPending}
          error={decision.error}
          onCancel={onClose}
        />
      </Stack>
    </form>
  );
}

function isConflict(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status === 409;
}

/** Somebody else decided, or the prescription changed, while this one was looked at. */
function Taken({ message, onClose }: { message: string; onClose: () => void }) {
  return (
    <Stack>
      <Alert role="alert" color="orange" title="It was decided in the meantime">
        {message} Nothing was changed by you.
      </Alert>
      <Group justify="flex-end">
        <Button onClick={onClose}>Back to the list</Button>
      </Group>
    </Stack>
  );
}
