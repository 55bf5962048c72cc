import { Anchor, Badge, Button, Card, Group, Stack, Text, Title } from '@mantine/core';
import { IconChecks } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type PendingRefill, pendingRefillsQuery } from '../../api/refills';
import { Link } from '../../app/link';
import { mayPrescribe } from '../../app/rights';
import { useUser } from '../../app/session';
import { Fact, Facts } from '../../ui/facts';
import { Page } from '../../ui/page';
import { Await, Empty } from '../../ui/states';
import { CalendarDate, Time } from '../../ui/time';
import { nameFrom } from '../../ui/words';
import { ApproveDialog } from './approve';
import { DenyDialog } from './deny';

/** What is being decided, and how. */
interface Deciding {
  refill: PendingRefill;
  verdict: 'approve' | 'deny';
}

export default function RefillsPage() {
  const pending = useQuery(pendingRefillsQuery);
  const isPrescriber = mayPrescribe(useUser());
  const [deciding, setDeciding] = useState<Deciding>();
  const chosen = (verdict: Deciding['verdict']) =>
    deciding?.verdict === verdict ? deciding.refill : undefined;
  const close = (): void => setDeciding(undefined);
  return (
    <Page
      title="Refills"
      lead={
        isPrescriber
          ? 'Requests that wait for your decision, the oldest first.'
          : 'Requests that wait for a prescriber, the oldest first.'
      }
    >
      <Await query={pending}>
        {({ refills, total, urgentCount }) =>
          refills.length === 0 ? (
            <Empty icon={IconChecks} title="Nothing waits">
              A refill that is asked for early, or that nobody may grant alone, appears here.
            </Empty>
          ) : (
            <Stack>
              <Text size="sm" role="status">
                {total} waiting{urgentCount > 0 && `, ${urgentCount} of them urgent`}
              </Text>
              {refills.map((refill) => (
                <RefillCard
                  key={refill.id}
                  refill={refill}
                  onDecide={isPrescriber ? (verdict) => setDeciding({ refill, verdict }) : undefined}
                />
              ))}
            </Stack>
          )
        }
      </Await>
      <ApproveDialog refill={chosen('approve')} onClose={close} />
      <DenyDialog refill={chosen('deny')} onClose={close} />
    </Page>
  );
}

interface RefillCardProps {
  refill: PendingRefill;
  /** Absent for those who do not prescribe. */
  onDecide: ((verdict: Deciding['verdict']) => void) | undefined;
}

function RefillCard({ refill, onDecide }: RefillCardProps) {
  const { patient, medication, requestedAt, priority, reason, lastFilled, refillsRemaining } = refill;
  const what = `${medication ?? 'the refill'} for ${patient?.name ?? 'the patient'}`;
  return (
    <Card component="article" aria-label={what}>
      <Group justify="space-between" align="flex-start" mb="sm">
        <div>
          <Title order={2}>
            {medication ?? 'Refill'} {priority !== 'routine' && <Badge color="red">{priority}</Badge>}
          </Title>
          {patient !== null && (
            <Anchor component={Link} to={`/patients/${patient.id}?tab=prescriptions`} size="sm">
              {nameFrom([patient.name])}
            </Anchor>
          )}
        </div>
        {onDecide !== undefined && (
          <Group gap="xs">
            <Button onClick={() => onDecide('approve')} aria-label={`Approve ${what}`}>
              Approve
            </Button>
            <Button variant="default" onClick={() => onDecide('deny')} aria-label={`Deny ${what}`}>
              Deny
            </Button>
          </Group>
        )}
      </Group>
      <Facts>
        <Fact name="Asked">
          <Time at={requestedAt} />
        </Fact>
        <Fact name="Reason">{reason ?? 'not said'}</Fact>
        <Fact name="Last filled">
          <CalendarDate date={lastFilled} none="not yet" />
        </Fact>
        <Fact name="Refills left">{refillsRemaining}</Fact>
      </Facts>
    </Card>
  );
}
