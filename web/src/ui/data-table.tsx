import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useRef } from 'react';

export interface Column<T> {
  /** Heading; also the column's key. */
  header: string;
  cell: (row: T) => ReactNode;
  /** CSS width, e.g. `9rem`; others share what is left. */
  width?: string;
  /** Numbers stand at the end. */
  align?: 'end';
  /** Left out on a phone. */
  wide?: boolean;
}

interface DataTableProps<T> {
  /** What the table shows, for assistive technology. */
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
  /** Height beyond which the rows scroll, as CSS. */
  maxHeight?: string;
  /** Number of all rows, where `rows` are the first of more. */
  count?: number | undefined;
  /** Called while the end of `rows` is near: the place to load more. */
  onEnd?: () => void;
}

const ROW_PX = 44;
/** Rows below the view at which more are loaded. */
const NEAR = 40;

/**
 * A table of any length: only the rows in view are in the document, so 10,000 scroll like 10. The first cell should hold
 * the link to the row's own page.
 */
export function DataTable<T>({
  label,
  columns,
  rows,
  rowKey,
  maxHeight = 'calc(100dvh - 15rem)',
  count = rows.length,
  onEnd,
}: DataTableProps<T>) {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
    initialRect: { width: 0, height: 700 },
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const isNearEnd = last + NEAR >= rows.length;
  useEffect(() => {
    if (isNearEnd) onEnd?.();
  }, [isNearEnd, onEnd]);
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const classOf = ({ align, wide }: Column<T>): string =>
    [align, wide === true ? 'wide' : ''].join(' ').trim();
  return (
    <div className="rows" ref={scroller} style={{ maxHeight }} role="region" aria-label={label} tabIndex={0}>
      <table aria-rowcount={count + 1} aria-label={label} style={{ tableLayout: 'fixed' }}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <th key={column.header} scope="col" className={classOf(column)} style={{ width: column.width }}>
                {column.header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Gap height={before} columns={columns.length} />
          {items.map(({ index }) => {
            const row = rows[index];
            if (row === undefined) return null;
            return (
              <tr key={rowKey(row)} aria-rowindex={index + 2} className="open" style={{ height: ROW_PX }}>
                {columns.map((column) => (
                  <td key={column.header} className={classOf(column)}>
                    {column.cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
          <Gap height={after} columns={columns.length} />
        </tbody>
      </table>
    </div>
  );
}

/** Stands for the rows that are out of view. */
function Gap({ height, columns }: { height: number; columns: number }) {
  if (height <= 0) return null;
  return (
    <tr aria-hidden style={{ height }}>
      <td colSpan={columns} style={{ padding: 0, border: 0 }} />
    </tr>
  );
}
