import { Box, Button, Skeleton, Table, Text, VisuallyHidden } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { lazy, Suspense, useId } from 'react';

export interface ChartSeries {
  /** Field of the points. */
  name: string;
  label: string;
  /** A colour of the theme, e.g. `pine.6`. */
  color: string;
}

export interface ChartProps {
  /** What the chart says in one sentence, for those who do not see it. */
  summary: string;
  /** Points in their order; `at` is the label of the axis. Null is a gap: nobody measured. */
  points: readonly ({ at: string } & Record<string, string | number | null>)[];
  series: readonly ChartSeries[];
  kind?: 'bars' | 'lines';
  /** A line across the chart, e.g. the plan's limit. */
  limit?: { value: number; label: string };
  height?: number;
  /** Values between whole numbers are marked on the axis. */
  hasFractions?: boolean;
}

/** The charts' library is larger than the rest of the application: it comes when a chart is shown. */
const Drawing = lazy(() => import('./chart-drawing'));

/** A chart with its sentence, and its figures as a table on demand. */
export function Chart(props: ChartProps) {
  const { summary, points, series, height = 240 } = props;
  const [isTable, { toggle }] = useDisclosure(false);
  const id = useId();
  const isEmpty = points.every((point) => series.every(({ name }) => point[name] === null));
  return (
    <Box component="figure" m={0}>
      {isTable ? (
        <Table.ScrollContainer
          minWidth={320}
          mah={height}
          type="native"
          tabIndex={0}
          role="region"
          aria-label="Figures of the chart"
        >
          <Table stickyHeader>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">Time</Table.Th>
                {series.map(({ name, label }) => (
                  <Table.Th key={name} scope="col">
                    {label}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {points.map((point) => (
                <Table.Tr key={point.at}>
                  <Table.Td>{point.at}</Table.Td>
                  {series.map(({ name }) => (
                    <Table.Td key={name}>{point[name] ?? 'not measured'}</Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      ) : (
        <Box role="img" aria-labelledby={id} h={height}>
          {isEmpty ? (
            <Text c="dimmed">Nothing was measured in this time yet.</Text>
          ) : (
            <Suspense fallback={<Skeleton h={height} />}>
              <Drawing {...props} height={height} />
            </Suspense>
          )}
        </Box>
      )}
      <Box component="figcaption" mt="xs">
        <VisuallyHidden id={id}>{summary}</VisuallyHidden>
        <Button size="compact-xs" variant="subtle" onClick={toggle} aria-expanded={isTable}>
          {isTable ? 'Show the chart' : 'Show the figures'}
        </Button>
      </Box>
    </Box>
  );
}
