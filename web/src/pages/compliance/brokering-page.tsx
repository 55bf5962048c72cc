import { Accordion, Badge, Button, Group, List, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { type Match, NO_FILTER, type ReportRow as Row, type Step, type TrailFilter } from '../../api/audit';
import { Fact, Facts } from '../../ui/facts';
import { Page } from '../../ui/page';
import { Time } from '../../ui/time';
import { wordsOf } from '../../ui/words';
import { ReportFrame } from './report-frame';
import { TrailFilterBar, useTrailFilter } from './trail-filter';

/** Rows that are in the document at once. */
const STEP = 50;

export default function BrokeringPage() {
  const [filter, change] = useTrailFilter();
  // The matches before a referral are events of their own: the report is drawn of all, and one referral picked here.
  const drawn: TrailFilter = { ...NO_FILTER, from: filter.from, to: filter.to };
  const isMeant = (row: Row): boolean => filter.referral === '' || row['referral'] === filter.referral;
  return (
    <Page
      title="Brokering review"
      lead="Each referral: why it was made, which providers the match offered its sender within 24 hours before, and who was chosen (ARS 36-2212)."
    >
      <TrailFilterBar filter={filter} onChange={change} fields={['from', 'to', 'referral']} />
      <ReportFrame name="brokering" filter={drawn} nothing="No referral was made in this time.">
        {({ rows }) => <Referrals rows={rows.filter(isMeant).reverse()} />}
      </ReportFrame>
    </Page>
  );
}

function Referrals({ rows }: { rows: readonly Row[] }) {
  const [shown, setShown] = useState(STEP);
  return (
    <Stack>
      <Accordion variant="separated" chevronPosition="left" order={3}>
        {rows.slice(0, shown).map((row) => (
          <Accordion.Item key={row['referral']} value={row['referral'] ?? ''}>
            <Accordion.Control>
              <Group justify="space-between" gap="xs">
                <Text fw={550}>
                  {row['sender']} to {row['chosen_provider'] || 'an unknown provider'}
                </Text>
                <Group gap="xs">
                  <Chosen row={row} />
                  <Text size="sm" c="dimmed">
                    <Time at={row['created']} />
                  </Text>
                </Group>
              </Group>
            </Accordion.Control>
            <Accordion.Panel>
              <Review row={row} />
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
      {rows.length > shown && (
        <Button variant="default" onClick={() => setShown(shown + STEP)}>
          Show more
        </Button>
      )}
    </Stack>
  );
}

/** How the provider that was chosen stood in the last match before. */
function Chosen({ row }: { row: Row }) {
  const last = row.matches?.at(-1);
  if (last === undefined) return <Badge color="gray">no match before</Badge>;
  const rank = last.offers.findIndex(({ practice }) => practice === row['chosen_provider']) + 1;
  return rank === 0 ? (
    <Badge color="orange">not among those offered</Badge>
  ) : (
    <Badge color="green">offered as number {rank}</Badge>
  );
}

function Review({ row }: { row: Row }) {
  const last = row.matches?.at(-1);
  const { followed = [] } = row;
  return (
    <Stack gap="md">
      <Facts columns={3}>
        <Fact name="Referral">
          <span className="mono">{row['referral']}</span>
        </Fact>
        <Fact name="Created by">{row['created_by']}</Fact>
        <Fact name="Patient">
          <span className="mono">{row['patient']}</span>
        </Fact>
        <Fact name="Parties">{row['parties']}</Fact>
        <Fact name="Request is">{row['status'] || 'not known'}</Fact>
      </Facts>
      <div>
        <Title order={4}>Clinical justification</Title>
        <Text size="sm">{row['justification'] || 'None is recorded.'}</Text>
      </div>
      {last !== undefined && <Offers match={last} />}
      {followed.length > 0 && <Steps steps={followed} />}
    </Stack>
  );
}

function Offers({ match: { asked, offers } }: { match: Match }) {
  return (
    <div>
      <Title order={4}>What the match offered</Title>
      {asked.length > 0 && (
        <Text size="sm" c="dimmed">
          Asked for {asked.map(({ input, value }) => `${wordsOf(input).toLowerCase()} ${value}`).join(', ')}.
        </Text>
      )}
      {offers.length === 0 ? (
        <Text size="sm">Nobody was found.</Text>
      ) : (
        <List type="ordered" size="sm" mt={4}>
          {offers.map(({ practice, score, reasons }) => (
            <List.Item key={practice}>
              {practice}, {score} of 100: {reasons.join(', ')}
            </List.Item>
          ))}
        </List>
      )}
    </div>
  );
}

function Steps({ steps }: { steps: readonly Step[] }) {
  return (
    <div>
      <Title order={4}>What followed</Title>
      <List size="sm" mt={4}>
        {steps.map(({ at, what, by, isRefused }, i) => (
          <List.Item key={i}>
            <Time at={at} />: {what} by {by}
            {isRefused && ', refused'}
          </List.Item>
        ))}
      </List>
    </div>
  );
}
