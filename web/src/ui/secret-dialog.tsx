import { Modal } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useUser } from '../app/session';
import type { MakingProps } from './dialog-form';
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
