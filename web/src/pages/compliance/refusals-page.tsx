import { Badge } from '@mantine/core';
import type { ReportRow } from '../../api/audit';
import { type Column, DataTable } from '../../ui/data-table';
import { Page } from '../../ui/page';
import { WHEN } from './columns';
import { ReportFrame } from './report-frame';
import { TrailFilterBar, useTrailFilter } from './trail-filter';

const COLUMNS: readonly Column<ReportRow>[] = [
  WHEN,
  { header: 'Who', cell: ({ who, id }) => (who === '' ? id : who) },
  {
    header: 'What',
    width: '9rem',
    cell: ({ interaction }) =>
      interaction === 'login' ? <Badge color="red">failed login</Badge> : interaction,
  },
  { header: 'Reason', width: '12.5rem', wide: true, cell: ({ reason }) => reason },
  { header: 'From', width: '9rem', wide: true, cell: ({ address }) => address },
  { header: 'Facts', wide: true, cell: ({ facts = '' }) => <span title={facts}>{facts || '–'}</span> },
];

export default function RefusalsPage() {
  const [filter, change] = useTrailFilter();
  return (
    <Page
      title="Refusals"
      lead="Failed sign-ins, wrong credentials, rights that were missing, requests that were refused."
    >
      <TrailFilterBar filter={filter} onChange={change} fields={['from', 'to', 'user', 'patient']} />
      <ReportFrame name="refusals" filter={filter} nothing="Nothing was refused in this time.">
        {({ rows }) => (
          <DataTable
            label="Refusals"
            columns={COLUMNS}
            rows={[...rows].reverse()}
            rowKey={({ event = '' }) => event}
            maxHeight="32rem"
          />
        )}
      </ReportFrame>
    </Page>
  );
}
