import type { AuditEvent } from '@medplum/fhirtypes';
import { Anchor, Card, Code, Group, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from 'wouter';
import { eventQuery } from '../../api/audit';
import { Link } from '../../app/link';
import { Fact, Facts } from '../../ui/facts';
import { Page } from '../../ui/page';
import { Await } from '../../ui/states';
import { Time } from '../../ui/time';
import { ACTIONS, describe, type Told } from './describe';
import { Outcome } from './outcome';

export default function EventPage() {
  const { id = '' } = useParams<{ id: string }>();
  const event = useQuery(eventQuery(id));
  return <Await query={event}>{(data) => <EventView event={data} />}</Await>;
}

function EventView({ event }: { event: AuditEvent }) {
  const told = describe(event);
  const { what, who, id, practice, address, asked, request } = told;
  return (
    <Page
      back={{ to: '/compliance/events', label: 'Audit trail' }}
      title={
        <Group component="span" gap="sm">
          {what.charAt(0).toUpperCase() + what.slice(1)} by {who} <Outcome outcome={event.outcome} />
        </Group>
      }
      lead={<span className="mono">{event.id}</span>}
    >
      <Card>
        <Facts columns={3}>
          <Fact name="When">
            <Time at={event.recorded} />
          </Fact>
          <Fact name="Signed in as">{id || '–'}</Fact>
          <Fact name="Practice">{practice ?? '–'}</Fact>
          <Fact name="From">{address ?? '–'}</Fact>
          <Fact name="Action">{ACTIONS[event.action ?? ''] ?? '–'}</Fact>
          <Fact name="Purpose of use">{event.purposeOfEvent?.[0]?.coding?.[0]?.code ?? 'not given'}</Fact>
          {event.outcomeDesc !== undefined && <Fact name="Why not">{event.outcomeDesc}</Fact>}
          {request !== undefined && (
            <Fact name="Request">
              <span className="mono">{request}</span>
            </Fact>
          )}
          {asked !== undefined && (
            <Fact name="Asked">
              <span className="mono">{asked}</span>
            </Fact>
          )}
        </Facts>
      </Card>
      <Touched told={told} />
      <FactsOfAccess told={told} />
      <details>
        <summary>The event as FHIR (AuditEvent)</summary>
        <Code block tabIndex={0} mt="sm" mah={480} style={{ overflow: 'auto' }}>
          {JSON.stringify(event, null, 2)}
        </Code>
      </details>
    </Page>
  );
}

/** About whom, and which data. */
function Touched({ told: { patients, resources } }: { told: Told }) {
  if (patients.length + resources.length === 0) return null;
  return (
    <Stack gap="xs" component="section" aria-label="What it touched">
      <Title order={2}>What it touched</Title>
      {patients.map((id) => (
        <Text key={id} size="sm">
          Patient <span className="mono">{id}</span>:{' '}
          <Anchor component={Link} to={`/compliance/access?patient=${id}`}>
            who looked at this patient
          </Anchor>
        </Text>
      ))}
      {resources.map((reference) => (
        <Text key={reference} size="sm" className="mono">
          {reference}
        </Text>
      ))}
    </Stack>
  );
}

function FactsOfAccess({ told: { facts } }: { told: Told }) {
  if (facts.length === 0) return null;
  return (
    <Stack gap="xs" component="section" aria-label="Facts of the access">
      <Title order={2}>Facts of the access</Title>
      <Table.ScrollContainer minWidth={320} tabIndex={0} role="region" aria-label="Facts" type="native">
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">Fact</Table.Th>
              <Table.Th scope="col">Value</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {facts.map(({ type, value }, i) => (
              <Table.Tr key={`${type} ${i}`}>
                <Table.Td>{type.replaceAll('_', ' ')}</Table.Td>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}
