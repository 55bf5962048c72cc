import { Button, Group } from '@mantine/core';
import { Failure } from './states';

interface FormEndProps {
  /** What the button says: the verb of what happens. */
  verb: string;
  isBusy: boolean;
  isDangerous?: boolean;
  disabled?: boolean;
  /** Shown in words; null when nothing went wrong. */
  error: unknown;
  onCancel: () => void;
  /** What the button does, where it does not submit a form. */
  onConfirm?: () => void;
}

/** The end of a dialog: what went wrong, the way out, and the verb. */
export function FormEnd(props: FormEndProps) {
  const { verb, isBusy, isDangerous = false, disabled = false, error, onCancel, onConfirm } = props;
  return (
    <>
      {error !== null && error !== undefined && <Failure error={error} />}
      <Group justify="flex-end">
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button
          {...(onConfirm === undefined
            ? { type: 'submit' as const }
            : { onClick: onConfirm, 'data-autofocus': true })}
          color={isDangerous ? 'red.9' : undefined}
          loading={isBusy}
          disabled={disabled}
        >
          {verb}
        </Button>
      </Group>
    </>
  );
}
