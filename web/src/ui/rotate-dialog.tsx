import { Select, Text } from '@mantine/core';
import type { QueryKey } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { DialogForm } from './dialog-form';
import { SecretDialog, type SecretDialogProps } from './secret-dialog';

interface RotateDialogProps<Made> extends Omit<SecretDialogProps<Made>, 'form'> {
  /** What is rotated: "key", "secret". */
  what: string;
  /** What the overlap means here. */
  about: ReactNode;
  rotate: (overlapHours: number) => Promise<Made>;
  /** Queries that show it. */
  queryKey: QueryKey;
}

/** Makes a new secret in place of one that stays good for a while. */
export function RotateDialog<Made>({ what, about, rotate, queryKey, ...dialog }: RotateDialogProps<Made>) {
  const [overlap, setOverlap] = useState('24');
  return (
    <SecretDialog
      {...dialog}
      form={(making) => (
        <DialogForm {...making} make={() => rotate(Number(overlap))} queryKey={queryKey} verb="Rotate">
          {() => (
            <>
              <Text size="sm">{about}</Text>
              <Select
                label="Overlap"
                data={overlapsOf(what)}
                value={overlap}
                onChange={(value) => setOverlap(value ?? '24')}
                allowDeselect={false}
              />
            </>
          )}
        </DialogForm>
      )}
    />
  );
}

function overlapsOf(what: string) {
  return [
    { value: '0', label: `None: the old ${what} ends now` },
    { value: '1', label: '1 hour' },
    { value: '24', label: '24 hours' },
    { value: '168', label: '7 days' },
  ];
}
