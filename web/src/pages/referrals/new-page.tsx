import { Box, Card } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { useLocation, useSearchParams } from 'wouter';
import { useHistoryState } from 'wouter/use-browser-location';
import { createReferral, faultsOf, REFERRALS } from '../../api/referrals';
import { Page } from '../../ui/page';
import { PageForm } from '../../ui/page-form';
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
  const create = (draft: Draft) => {
    const body = bodyOf(draft);
    // The same referral sent again is the same one; a corrected one is another.
    const text = JSON.stringify(body);
    if (attempt.current.body !== text) attempt.current = { body: text, key: newKey() };
    return createReferral(body, attempt.current.key);
  };
  const done = async ({ id }: { id: string }): Promise<void> => {
    await queries.invalidateQueries({ queryKey: REFERRALS });
    navigate(`/referrals/${id}`, { replace: true });
  };
  return (
    <Page
      back={{ to: '/referrals', label: 'Referrals' }}
      title="New referral"
      lead="The receiving practice sees it at once. The justification is kept in the audit trail."
    >
      <Box maw={860}>
        <PageForm
          form={form}
          send={create}
          onSent={done}
          faultsOf={faultsOf}
          verb="Send referral"
          back="/referrals"
        >
          <Card component="section" aria-label="Client">
            <ClientFields form={form} />
          </Card>
          <Card component="section" aria-label="Care">
            <CareFields form={form} />
          </Card>
          <Card component="section" aria-label="Justification">
            <JustificationFields form={form} />
          </Card>
        </PageForm>
      </Box>
    </Page>
  );
}

/** Unlike `randomUUID` this is there without TLS too. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join('-');
}
