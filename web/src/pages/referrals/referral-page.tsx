import { Button, Card, Group, Text, Title } from '@mantine/core';
import { IconMessagePlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useParams } from 'wouter';
import { NEXT, type Referral, referralQuery, type SeenReferral } from '../../api/referrals';
import { useUser } from '../../app/session';
import { Fact, Facts } from '../../ui/facts';
import { Page } from '../../ui/page';
import { Await } from '../../ui/states';
import { CalendarDate, Time } from '../../ui/time';
import { DecideDialog, type Step, verbOf } from './decide';
import { nameOf, StatusBadge, UrgentBadge } from './status';
import { ReferralTimeline } from './timeline';

/** Other people work on the same referral. */
const LOOK_AGAIN_MS = 30_000;

export default function ReferralPage() {
  const { id = '' } = useParams<{ id: string }>();
  const referral = useQuery({ ...referralQuery(id), refetchInterval: LOOK_AGAIN_MS });
  return <Await query={referral}>{(seen) => <ReferralView seen={seen} />}</Await>;
}

function ReferralView({ seen }: { seen: SeenReferral }) {
  const { referral } = seen;
  const { scopes } = useUser();
  // A decision is about the referral as it was when its dialog opened, whatever is read meanwhile.
  const [decision, setDecision] = useState<{ step: Step; seen: SeenReferral }>({ step: 'note', seen });
  const [isOpen, setOpen] = useState(false);
  const decide = (step: Step): void => {
    setDecision({ step, seen });
    setOpen(true);
  };
  return (
    <Page
      back={{ to: '/referrals', label: 'Referrals' }}
      title={
        <Group component="span" gap="sm">
          {nameOf(referral)} <StatusBadge status={referral.status} />
          {referral.is_urgent && <UrgentBadge />}
        </Group>
      }
      lead={`${referral.service_needed ?? 'Service not said'}, for ${referral.sent_to_practice ?? 'a practice not said'}`}
      actions={scopes.includes('referrals:write') && <Decisions referral={referral} onDecide={decide} />}
    >
      <ReferralFacts referral={referral} />
      <Card component="section" aria-label="Clinical justification">
        <Title order={2}>Clinical justification</Title>
        <Text mt="xs" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {referral.clinical_justification ?? 'None was given.'}
        </Text>
      </Card>
      <ReferralTimeline id={referral.id} />
      <DecideDialog {...decision} opened={isOpen} onClose={() => setOpen(false)} />
    </Page>
  );
}

/** What may follow the present status, and nothing else; a note may always be added. */
function Decisions({ referral, onDecide }: { referral: Referral; onDecide: (step: Step) => void }) {
  const [first, ...others] = NEXT[referral.status];
  return (
    <>
      <Button variant="default" leftSection={<IconMessagePlus size={17} />} onClick={() => onDecide('note')}>
        {verbOf('note')}
      </Button>
      {[...others].reverse().map((step) => (
        <Button key={step} variant="default" onClick={() => onDecide(step)}>
          {verbOf(step)}
        </Button>
      ))}
      {first !== undefined && <Button onClick={() => onDecide(first)}>{verbOf(first)}</Button>}
    </>
  );
}

function ReferralFacts({ referral }: { referral: Referral }) {
  return (
    <Card component="section" aria-label="Client">
      <Facts>
        <Fact name="Born">
          <CalendarDate date={referral.client_dob} none="not known" />
        </Fact>
        <Fact name="AHCCCS id">{referral.client_ahcccs_id ?? 'not known'}</Fact>
        <Fact name="Insurance">{referral.client_insurance ?? 'not known'}</Fact>
        <Fact name="Level of care">{referral.level_of_care ?? 'not said'}</Fact>
        <Fact name="Diagnosis">{referral.diagnosis ?? 'not said'}</Fact>
        <Fact name="Risk level">{referral.risk_level ?? 'not said'}</Fact>
        <Fact name="Created">
          <Time at={referral.created_at} />
        </Fact>
        <Fact name="Last changed">
          <Time at={referral.updated_at} />
        </Fact>
      </Facts>
    </Card>
  );
}
