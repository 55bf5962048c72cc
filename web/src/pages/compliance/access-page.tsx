import { IconEyeSearch } from '@tabler/icons-react';
import type { ReportRow } from '../../api/audit';
import { type Column, DataTable } from '../../ui/data-table';
import { Page } from '../../ui/page';
import { Empty } from '../../ui/states';
import { WHEN } from './columns';
import { ACTIONS } from './describe';
import { Outcome } from './outcome';
import { ReportFrame } from './report-frame';
import { TrailFilterBar, useTrailFilter } from './trail-filter';

const COLUMNS: readonly Column<ReportRow>[] = [
  WHEN,
  { header: 'Who', cell: ({ who }) => who },
  { header: 'Signed in as', wide: true, cell: ({ id }) => id },
  { header: 'Practice', wide: true, cell: ({ practice }) => practice || '–' },
  { header: 'Action', width: '6rem', wide: true, cell: ({ action = '' }) => ACTIONS[action] ?? action },
  { header: 'From', width: '9rem', wide: true, cell: ({ address }) => address },
  {
    header: 'Outcome',
    width: 'clamp(5.6rem, 12vw, 6.6rem)',
    cell: ({ outcome }) => <Outcome outcome={outcome} />,
  },
];

export default function AccessPage() {
  const [filter, change] = useTrailFilter();
  return (
    <Page title="Patient access" lead="Who looked at what the record holds about one patient, or changed it.">
      <TrailFilterBar filter={filter} onChange={change} fields={['patient', 'from', 'to', 'user']} />
      {filter.patient === '' ? (
        <Empty icon={IconEyeSearch} title="Which patient?">
          Give the patient’s id, or come here from an event of the audit trail.
        </Empty>
      ) : (
        <ReportFrame
          name="access"
          filter={filter}
          nothing="Nobody has had access to this patient in this time."
        >
          {({ rows }) => (
            <DataTable
              label="Accesses"
              columns={COLUMNS}
              rows={[...rows].reverse()}
              rowKey={({ event = '' }) => event}
            />
          )}
        </ReportFrame>
      )}
    </Page>
  );
}
