import { Button, Card, Group, SimpleGrid, Text, Title } from '@mantine/core';
import { IconDownload, IconFileOff } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { type Report, type ReportName, reportPath, reportQuery, type TrailFilter } from '../../api/audit';
import { saveFile } from '../../api/audit-export';
import { send } from '../../api/client';
import { Await, Empty, Failure } from '../../ui/states';
import { Time } from '../../ui/time';
import { useAction } from '../../ui/use-action';

interface ReportFrameProps {
  name: ReportName;
  filter: TrailFilter;
  /** Said when there are no rows. */
  nothing: string;
  children: (report: Report) => ReactNode;
}

/** A report: what is counted, its rows, and the same as a file. */
export function ReportFrame({ name, filter, nothing, children }: ReportFrameProps) {
  const report = useQuery(reportQuery(name, filter));
  return (
    <Await query={report}>
      {(data) => (
        <>
          <Group justify="space-between">
            <Text size="sm" c="dimmed" role="status">
              {data.count.toLocaleString()} {data.count === 1 ? 'row' : 'rows'}, drawn{' '}
              <Time at={data.generated} />
            </Text>
            <Downloads name={name} filter={filter} />
          </Group>
          {data.count === 0 ? (
            <Empty icon={IconFileOff} title="Nothing to report">
              {nothing}
            </Empty>
          ) : (
            <>
              <Counts report={data} />
              {children(data)}
            </>
          )}
        </>
      )}
    </Await>
  );
}

const FILES = ['pdf', 'csv'] as const;

function Downloads({ name, filter }: { name: ReportName; filter: TrailFilter }) {
  const download = useAction({
    mutationFn: async (format: (typeof FILES)[number]) => {
      const answer = await send(reportPath(name, filter, format));
      saveFile({ name: `${name}.${format}`, content: await answer.blob() });
    },
  });
  return (
    <div>
      <Group gap="xs">
        {FILES.map((format) => (
          <Button
            key={format}
            size="xs"
            variant="default"
            leftSection={<IconDownload size={15} />}
            loading={download.isPending && download.variables === format}
            onClick={() => download.mutate(format)}
          >
            {format.toUpperCase()}
          </Button>
        ))}
      </Group>
      {download.isError && <Failure error={download.error} />}
    </div>
  );
}

const MOST_LINES = 5;

/** The largest of each count. */
function Counts({ report: { counts } }: { report: Report }) {
  const shown = counts.filter(({ values }) => Object.keys(values).length > 0);
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
      {shown.map(({ heading, values }) => (
        <Card key={heading} padding="md" component="section" aria-label={heading}>
          <Title order={2} size="h3" mb={6}>
            {heading}
          </Title>
          {Object.entries(values)
            .slice(0, MOST_LINES)
            .map(([name, count]) => (
              <Group key={name} justify="space-between" align="flex-start" wrap="nowrap" gap="sm">
                <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                  {name}
                </Text>
                <Text size="sm" fw={600} style={{ fontVariantNumeric: 'tabular-nums' }}>
                  {count.toLocaleString()}
                </Text>
              </Group>
            ))}
        </Card>
      ))}
    </SimpleGrid>
  );
}
