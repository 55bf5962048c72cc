import { Stack } from '@mantine/core';
import { type QueryKey, useQueryClient } from '@tanstack/react-query';
import type { FormEvent, ReactNode } from 'react';
import { ApiError } from '../api/client';
import { FormEnd } from './form-end';
import { useAction } from './use-action';

export interface MakingProps<Made> {
  onMade: (made: Made) => void;
  onCancel: () => void;
}

interface DialogFormProps<Made> extends MakingProps<Made> {
  /** Asks the server for it. */
  make: () => Promise<Made>;
  /** Queries that show what came of it. */
  queryKey: QueryKey;
  verb: string;
  isDangerous?: boolean;
  /** Whether the form is filled in. */
  isReady?: boolean;
  /** The fields, given the faults by field. */
  children: (faults: Readonly<Record<string, string>>) => ReactNode;
}

/** A form in a dialog: faults stand at their fields, anything else above the buttons. */
export function DialogForm<Made>(props: DialogFormProps<Made>) {
  const { make, queryKey, verb, isDangerous = false, isReady = true, onMade, onCancel, children } = props;
  const queries = useQueryClient();
  const making = useAction({
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
          isDangerous={isDangerous}
          disabled={!isReady}
          error={Object.keys(faults).length > 0 ? null : making.error}
          onCancel={onCancel}
        />
      </Stack>
    </form>
  );
}
