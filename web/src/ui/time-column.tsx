import type { Column } from './data-table';
import { Time } from './time';

/** As wide as a short time in the widest of the usual fonts; on a phone as narrow as it can be. */
export const TIME_WIDTH = 'clamp(9.4rem, 14vw, 10.6rem)';

/** A column of instants, which a phone has no room for. */
export function timeColumn<T>(
  header: string,
  at: (row: T) => string | null | undefined,
  none?: string,
): Column<T> {
  return {
    header,
    width: TIME_WIDTH,
    wide: true,
    cell: (row) => <Time at={at(row)} isShort {...(none !== undefined && { none })} />,
  };
}
