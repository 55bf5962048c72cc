import { Button, Group, Stack } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { ApiError } from '../api/client';
import { Link } from '../app/link';
import { Failure } from './states';
import { useAction } from './use-action';

interface PageFormProps<Values, Sent> {
  form: UseFormReturnType<Values>;
  send: (values: Values) => Promise<Sent>;
  onSent: (sent: Sent) => unknown;
  /** Faults by field, of a refusal; those that the face names unless said otherwise. */
  faultsOf?: (error: unknown) => Record<string, string>;
  /** What the button says. */
  verb: string;
  /** Where Cancel leads. */
  back: string;
  children: ReactNode;
}

const LOOK_AGAIN = new ApiError(422, 'invalid', 'Some fields need another look: each says what it must be.');

/** A form that is a page: faults stand at their fields, whoever found them, and the first one gets the focus. */
export function PageForm<Values extends object, Sent>(props: PageFormProps<Values, Sent>) {
  const { form, send, onSent, faultsOf = fieldsOf, verb, back, children } = props;
  const element = useRef<HTMLFormElement>(null);
  const [refusals, setRefusals] = useState(0);
  const isRefused = (): void => setRefusals((count) => count + 1);
  useEffect(() => {
    if (refusals > 0) element.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
  }, [refusals]);
  const sending = useAction({
    mutationFn: send,
    onSuccess: onSent,
    onError: (error) => {
      form.setErrors(faultsOf(error));
      isRefused();
    },
  });
  const isToldBeside = Object.keys(faultsOf(sending.error)).length > 0;
  return (
    <form ref={element} onSubmit={form.onSubmit((values) => sending.mutate(values), isRefused)} noValidate>
      <Stack gap="lg">
        {children}
        {sending.isError && <Failure error={isToldBeside ? LOOK_AGAIN : sending.error} />}
        <Group justify="flex-end">
          <Button component={Link} to={back} variant="default">
            Cancel
          </Button>
          <Button type="submit" loading={sending.isPending}>
            {verb}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function fieldsOf(error: unknown): Record<string, string> {
  return error instanceof ApiError ? error.fields : {};
}
