import { Button, Card, Group, Stack } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { useLocation, useSearchParams } from 'wouter';
import { useHistoryState } from 'wouter/use-browser-location';
import { ApiError } from '../../api/client';
import { createReferral, faultsOf, REFERRALS } from '../../api/referrals';
import { Link } from '../../app/link';
import { Page } from '../../ui/page';
import { Failure } from '../../ui/states';
import { bodyOf, checkDraft, type Draft, draftFrom } from './draft';
import { CareFields, ClientFields, JustificationFields } from './fields';

export default function NewReferralPage() {
  const [search] = useSearchParams();
  const prefill = useHistoryState<unknown>();
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const form = useForm<Draft>({
    mode: 'uncontrolled',
    initialValues: draftFrom(search, prefill),
    validate: checkDraft,
  });
  const attempt = useRef({ body: '', key: '' });
  const create = useMutation({
    mutationFn: (draft: Draft) => {
      const body = bodyOf(draft);
      // The same referral sent again is the same one; a corrected one is another.
      const text = JSON.stringify(body);
      if (attempt.current.body !== text) attempt.current = { body: text, key: crypto.randomUUID() };
      return createReferral(body, attempt.current.key);
    },
    onSuccess: async ({ id }) => {
      await queries.invalidateQueries({ queryKey: REFERRALS });
      navigate(`/referrals/${id}`, { replace: true });
    },
    onError: (error) => form.setErrors(faultsOf(error)),
  });
  const focusFirst = (errors: Record<string, unknown>): void => {
    const [first] = Object.keys(form.getValues()).filter((field) => field in errors);
    if (first !== undefined) form.getInputNode(first)?.focus();
  };
  const isToldBeside = Object.keys(faultsOf(create.error)).length > 0;
  return (
    <Page
      back={{ to: '/referrals', label: 'Referrals' }}
      title="New referral"
      lead="The receiving practice sees it at once. The justification is kept in the audit trail."
    >
      <form onSubmit={form.onSubmit((draft) => create.mutate(draft), focusFirst)} noValidate>
        <Stack gap="lg" maw={860}>
          <Card component="section" aria-label="Client">
            <ClientFields form={form} />
          </Card>
          <Card component="section" aria-label="Care">
            <CareFields form={form} />
          </Card>
          <Card component="section" aria-label="Justification">
            <JustificationFields form={form} />
          </Card>
          {create.isError && <Failure error={isToldBeside ? LOOK_AGAIN : create.error} />}
          <Group justify="flex-end">
            <Button component={Link} to="/referrals" variant="default">
              Cancel
            </Button>
            <Button type="submit" loading={create.isPending}>
              Send referral
            </Button>
          </Group>
        </Stack>
      </form>
    </Page>
  );
}

const LOOK_AGAIN = new ApiError(422, 'invalid', 'Some fields need another look: each says what it must be.');
