import '@mantine/charts/styles.css';
import { BarChart, LineChart } from '@mantine/charts';
import type { ChartProps } from './chart';

/** The drawing alone: `Chart` gives it its words. Without motion, so that it is there at once. */
export default function ChartDrawing({
  points,
  series,
  kind = 'bars',
  limit,
  height,
  hasFractions = false,
}: ChartProps) {
  const shared = {
    h: height ?? 240,
    data: points.map((point) => ({ ...point })),
    dataKey: 'at',
    series: series.map((each) => ({ ...each })),
    withLegend: series.length > 1,
    // Without a height it takes the lines that it needs.
    legendProps: { verticalAlign: 'top' as const },
    gridAxis: 'x' as const,
    tickLine: 'none' as const,
    yAxisProps: { allowDecimals: hasFractions, width: 44 },
    xAxisProps: { minTickGap: 28 },
    ...(limit !== undefined && {
      referenceLines: [
        { y: limit.value, label: limit.label, color: 'red.6', ifOverflow: 'extendDomain' as const },
      ],
    }),
  };
  return kind === 'bars' ? (
    <BarChart
      {...shared}
      barProps={{ isAnimationActive: false }}
      barChartProps={{ accessibilityLayer: false }}
    />
  ) : (
    <LineChart
      {...shared}
      connectNulls={false}
      // What was measured between two gaps is a dot alone.
      dotProps={{ r: 2, strokeWidth: 0 }}
      lineProps={{ isAnimationActive: false }}
      lineChartProps={{ accessibilityLayer: false }}
    />
  );
}
