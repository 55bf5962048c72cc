import { Blockquote, Stack, Text, Timeline, Title } from '@mantine/core';
import {
  IconCalendarCheck,
  IconCheck,
  IconChecks,
  IconMessage,
  IconPencil,
  IconSend,
  IconX,
} from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReferralStatus, type ReferralStep, timelineQuery } from '../../api/referrals';
import { Await } from '../../ui/states';
import { Time } from '../../ui/time';
import { doerOf, elementName } from './faces';

const HAPPENED = {
  pending: { title: 'Sent', icon: IconSend },
  accepted: { title: 'Accepted', icon: IconCheck },
  declined: { title: 'Declined', icon: IconX },
  scheduled: { title: 'Scheduled', icon: IconCalendarCheck },
  completed: { title: 'Completed', icon: IconChecks },
} as const satisfies Record<ReferralStatus, unknown>;

/** Who did what with a referral, when, and through which face. */
export function ReferralTimeline({ id }: { id: string }) {
  const steps = useQuery(timelineQuery(id));
  return (
    <Stack gap="md" component="section" aria-label="What happened">
      <Title order={2}>What happened</Title>
      <Await query={steps}>
        {(data) => (
          <Timeline active={data.length} bulletSize={26} lineWidth={2} role="list">
            {data.map((step, i) => {
              const { title, icon: Icon } = wordsOf(step, i === 0);
              return (
                <Timeline.Item
                  key={`${step.at} ${step.by.id}`}
                  role="listitem"
                  title={title}
                  bullet={<Icon size={15} aria-hidden />}
                >
                  <Details step={step} />
                </Timeline.Item>
              );
            })}
          </Timeline>
        )}
      </Await>
    </Stack>
  );
}

function wordsOf({ status, notes }: ReferralStep, isFirst: boolean) {
  if (status !== undefined && (isFirst || status !== 'pending')) return HAPPENED[status];
  return notes.length > 0 ? { title: 'Note', icon: IconMessage } : { title: 'Changed', icon: IconPencil };
}

function Details({ step }: { step: ReferralStep }) {
  const { at, notes, changed } = step;
  return (
    <>
      <Text size="sm" c="dimmed">
        <Time at={at} /> by {doerOf(step)}
      </Text>
      {changed.length > 0 && <Text size="sm">Changed: {changed.map(elementName).join(', ')}</Text>}
      {notes.map(({ text, author }, i) => (
        <Blockquote key={i} p="xs" mt={6} radius="sm" cite={author} style={{ whiteSpace: 'pre-wrap' }}>
          <Text size="sm">{text}</Text>
        </Blockquote>
      ))}
    </>
  );
}
