import { Anchor } from '@mantine/core';
import type { ReportRow } from '../../api/audit';
import { Link } from '../../app/link';
import type { Column } from '../../ui/data-table';
import { Time } from '../../ui/time';
import { TIME_WIDTH } from '../../ui/time-column';

/** When an event was, as the link to it. */
export function whenOf<Row>(told: (row: Row) => { event: string; at: string | undefined }): Column<Row> {
  return {
    header: 'When',
    width: TIME_WIDTH,
    cell: (row) => {
      const { event, at } = told(row);
      return (
        <Anchor component={Link} size="sm" to={`/compliance/events/${event}`}>
          <Time at={at} isShort />
        </Anchor>
      );
    },
  };
}

/** The first column of a report's rows. */
export const WHEN = whenOf<ReportRow>(({ event = '', when }) => ({ event, at: when }));
