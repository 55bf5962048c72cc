import { Button, Group, SegmentedControl, Text } from '@mantine/core';
import { useState } from 'react';
import type { Version } from '../../api/fhir';
import { differenceOf, type LinePair, type Stretch } from './difference';

type Layout = 'inline' | 'sides';

/** Two versions line by line, in one column or side by side. */
export function DifferenceView({ before, after }: { before: Version; after: Version }) {
  const [layout, setLayout] = useState<Layout>('inline');
  const stretches = differenceOf(before.resource, after.resource);
  const count = (side: keyof LinePair): number =>
    stretches
      .filter(({ isAlike }) => !isAlike)
      .reduce((sum, { pairs }) => sum + pairs.filter((pair) => pair[side] !== undefined).length, 0);
  const label = `Difference of version ${before.id} and version ${after.id}`;
  return (
    <section aria-label={label}>
      <Group justify="space-between" mb="sm">
        <Text size="sm" role="status">
          Version {before.id} to {after.id}: {count('after')} lines added, {count('before')} removed
          {after.resource === undefined && ' (deleted)'}
        </Text>
        <SegmentedControl
          aria-label="Layout of the difference"
          size="xs"
          value={layout}
          onChange={(value) => setLayout(value as Layout)}
          data={[
            { value: 'inline', label: 'Inline' },
            { value: 'sides', label: 'Side by side' },
          ]}
        />
      </Group>
      <div className="difference" role="region" aria-label={`${label}, lines`} tabIndex={0}>
        <table>
          <tbody>
            {stretches.map((stretch, index) => (
              <StretchRows
                key={`${before.id}-${after.id}-${index}`}
                stretch={stretch}
                layout={layout}
                isFirst={index === 0}
                isLast={index === stretches.length - 1}
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Lines that stay in view on either side of a change. */
const CONTEXT = 3;

interface StretchRowsProps {
  stretch: Stretch;
  layout: Layout;
  isFirst: boolean;
  isLast: boolean;
}

function StretchRows({ stretch: { isAlike, pairs }, layout, isFirst, isLast }: StretchRowsProps) {
  const [isOpen, setOpen] = useState(false);
  const Lines = layout === 'inline' ? InlineLines : SideLines;
  if (!isAlike) return <Lines pairs={pairs} isAlike={false} />;
  const head = isFirst ? 0 : CONTEXT;
  const tail = isLast ? 0 : CONTEXT;
  const folded = pairs.length - head - tail;
  if (isOpen || folded <= 2) return <Lines pairs={pairs} isAlike />;
  return (
    <>
      <Lines pairs={pairs.slice(0, head)} isAlike />
      <tr>
        <td colSpan={4}>
          <Button size="compact-xs" variant="subtle" onClick={() => setOpen(true)}>
            Show {folded} lines that are alike
          </Button>
        </td>
      </tr>
      <Lines pairs={pairs.slice(pairs.length - tail)} isAlike />
    </>
  );
}

interface LinesProps {
  pairs: readonly LinePair[];
  isAlike: boolean;
}

function InlineLines({ pairs, isAlike }: LinesProps) {
  if (isAlike) {
    return pairs.map(({ after }, index) => (
      <tr key={index}>
        <td className="mark" />
        <td>{after}</td>
      </tr>
    ));
  }
  return (
    <>
      {pairs.map(
        ({ before }, index) =>
          before !== undefined && <ChangedRow key={index} line={before} isAdded={false} />,
      )}
      {pairs.map(
        ({ after }, index) => after !== undefined && <ChangedRow key={index} line={after} isAdded />,
      )}
    </>
  );
}

function ChangedRow({ line, isAdded }: { line: string; isAdded: boolean }) {
  return (
    <tr>
      <ChangedCells line={line} isAdded={isAdded} />
    </tr>
  );
}

function ChangedCells({ line, isAdded }: { line: string; isAdded: boolean }) {
  const className = isAdded ? 'added' : 'removed';
  return (
    <>
      <td className={`mark ${className}`}>{isAdded ? '+' : '−'}</td>
      <td className={className}>{isAdded ? <ins>{line}</ins> : <del>{line}</del>}</td>
    </>
  );
}

function SideLines({ pairs, isAlike }: LinesProps) {
  return pairs.map(({ before, after }, index) => (
    <tr key={index}>
      <SideCells line={before} isAdded={false} isAlike={isAlike} />
      <SideCells line={after} isAdded isAlike={isAlike} />
    </tr>
  ));
}

function SideCells({
  line,
  isAdded,
  isAlike,
}: {
  line: string | undefined;
  isAdded: boolean;
  isAlike: boolean;
}) {
  if (line !== undefined && !isAlike) return <ChangedCells line={line} isAdded={isAdded} />;
  return (
    <>
      <td className="mark" />
      <td style={{ width: '50%' }}>{line}</td>
    </>
  );
}
