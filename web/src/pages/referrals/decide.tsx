import { Modal, Stack, Text, Textarea } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError } from '../../api/client';
import {
  changeReferral,
  type ReferralChange,
  referralQuery,
  type ReferralStatus,
  REFERRALS,
  type SeenReferral,
} from '../../api/referrals';
import { FormEnd } from '../../ui/form-end';
import { useAction } from '../../ui/use-action';
import { nameOf } from './status';

/** What may be done next: a change of status, or a note alone. */
export type Step = ReferralStatus | 'note';

const WORDS: Readonly<Record<Step, { verb: string; title: string; about: string; isDangerous?: boolean }>> = {
  pending: { verb: 'Reopen', title: 'Reopen', about: '' },
  accepted: {
    verb: 'Accept',
    title: 'Accept this referral',
    about: 'The sender is told that you take the client.',
  },
  declined: {
    verb: 'Decline',
    title: 'Decline this referral',
    about:
      'It ends here: a declined referral cannot be taken up again. Say why, so that the sender can look further.',
    isDangerous: true,
  },
  scheduled: {
    verb: 'Schedule',
    title: 'Mark as scheduled',
    about: 'Note when and where the client is expected.',
  },
  completed: {
    verb: 'Complete',
    title: 'Complete this referral',
    about: 'The client was seen. A completed referral does not change any more.',
  },
  note: { verb: 'Add note', title: 'Add a note', about: 'Both practices see it.' },
};

export function verbOf(step: Step): string {
  return WORDS[step].verb;
}

interface DecideProps {
  seen: SeenReferral;
  step: Step;
  opened: boolean;
  onClose: () => void;
}

/** Asks for a note, and changes the referral as it was seen; what somebody else did meanwhile is shown first. */
export function DecideDialog({ seen, step, opened, onClose }: DecideProps) {
  const { referral, version } = seen;
  const { verb, title, about, isDangerous = false } = WORDS[step];
  const queries = useQueryClient();
  const [note, setNote] = useState('');
  const change = useAction({
    mutationFn: (body: ReferralChange) => changeReferral(referral.id, body, version),
    onSuccess: (changed) => {
      queries.setQueryData(referralQuery(referral.id).queryKey, changed);
      close();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: REFERRALS }),
  });
  const close = (): void => {
    setNote('');
    change.reset();
    onClose();
  };
  const isNote = step === 'note';
  const needsNote = isNote || step === 'declined';
  const text = note.trim();
  return (
    <Modal opened={opened} onClose={close} title={title}>
      <Stack>
        <Text size="sm">
          {nameOf(referral)}, {referral.service_needed}. {about}
        </Text>
        <Textarea
          label={needsNote ? 'Note' : 'Note (optional)'}
          autosize
          minRows={3}
          maxLength={10_000}
          value={note}
          onChange={({ currentTarget: { value } }) => setNote(value)}
          data-autofocus
        />
        <FormEnd
          verb={verb}
          isDangerous={isDangerous}
          isBusy={change.isPending}
          disabled={(needsNote && text === '') || isConflict(change.error)}
          error={isConflict(change.error) ? CHANGED : change.error}
          onCancel={close}
          onConfirm={() =>
            change.mutate({ ...(!isNote && { status: step }), ...(text !== '' && { outcome_notes: text }) })
          }
        />
      </Stack>
    </Modal>
  );
}

function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409;
}

const CHANGED = new ApiError(
  409,
  'conflict',
  'Somebody changed this referral after you opened it. Close this, look at what happened, and decide anew.',
);
