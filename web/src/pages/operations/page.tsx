import { Anchor, Badge, Card, Group, SegmentedControl, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useSearchParams } from 'wouter';
import { type Operations, operationsQuery, type OperationsRange } from '../../api/operations';
import { Figure } from '../../ui/figure';
import { Page } from '../../ui/page';
import { Await } from '../../ui/states';
import { Time } from '../../ui/time';
import { Latency, Throughput, Waiting } from './charts';
import { Faces, Processes } from './tables';

const RANGES: { value: OperationsRange; label: string }[] = [
  { value: 'now', label: '15 minutes' },
  { value: 'hours', label: '6 hours' },
];

/** How the deployment runs, live. */
export default function OperationsPage() {
  const [search, setSearch] = useSearchParams();
  const range: OperationsRange = search.get('range') === 'hours' ? 'hours' : 'now';
  const operations = useQuery(operationsQuery(range));
  const label = RANGES.find(({ value }) => value === range)?.label ?? '';
  return (
    <Page
      title="Operations"
      lead={
        <>
          All processes together, from the same figures as <Anchor href="/metrics">/metrics</Anchor>. Probes:{' '}
          <Anchor href="/healthz">/healthz</Anchor>, <Anchor href="/readyz">/readyz</Anchor>.
        </>
      }
      actions={
        <SegmentedControl
          aria-label="Range"
          data={RANGES}
          value={range}
          onChange={(value) => setSearch(value === 'now' ? {} : { range: value }, { replace: true })}
        />
      }
    >
      <Await query={operations}>{(data) => <Board operations={data} label={label} />}</Await>
    </Page>
  );
}

function Board({ operations, label }: { operations: Operations; label: string }) {
  const { databaseMs, waiting, points, at } = operations;
  const requests = points.reduce((sum, point) => sum + point.requests, 0);
  const errors = points.reduce((sum, point) => sum + point.errors, 0);
  return (
    <>
      <Group gap="sm">
        <Badge size="lg" color={databaseMs === null ? 'red' : 'green'}>
          {databaseMs === null ? 'Database does not answer' : `Database answers in ${databaseMs} ms`}
        </Badge>
        <Badge size="lg" color={operations.processes.length === 0 ? 'gray' : 'green'}>
          {operations.processes.length === 1 ? '1 process' : `${operations.processes.length} processes`}
        </Badge>
        <Text size="sm" c="dimmed">
          As of <Time at={at} />
        </Text>
      </Group>
      <SimpleGrid cols={{ base: 2, md: 4 }}>
        <Figure
          name={`Requests in ${label}`}
          value={requests.toLocaleString()}
          note={`${errors.toLocaleString()} answered with 5xx`}
        />
        <Figure name="Events to relay" value={String(waiting.outbox)} note="committed, not taken over yet" />
        <Figure
          name="Deliveries waiting"
          value={String(waiting.deliveries)}
          note={`${waiting.dead.toLocaleString()} laid aside`}
        />
        <Figure name="Audit entries" value={String(waiting.audit)} note="durable, not in the log yet" />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, lg: 2 }}>
        <Section title="Throughput">
          <Throughput operations={operations} label={label} />
        </Section>
        <Section title="Latency">
          <Latency operations={operations} label={label} />
        </Section>
      </SimpleGrid>
      <Section title="Queues">
        <Waiting operations={operations} label={label} />
      </Section>
      <Stack gap="sm" component="section">
        <Title order={2}>APIs</Title>
        <Faces faces={operations.faces} />
      </Stack>
      <Stack gap="sm" component="section">
        <Title order={2}>Processes</Title>
        <Processes processes={operations.processes} />
      </Stack>
    </>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card component="section" aria-label={title}>
      <Title order={2} mb="md">
        {title}
      </Title>
      {children}
    </Card>
  );
}
