import { IconPill } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { PRESCRIPTION_STATUSES, prescriptionsQuery } from '../../api/prescriptions';
import { Page } from '../../ui/page';
import { StatusList } from '../../ui/status-list';
import { NewPrescriptionButton } from './new-button';
import { PrescriptionTable } from './table';

export default function PrescriptionsPage() {
  return (
    <Page title="Prescriptions" lead="The newest first." actions={<NewPrescriptionButton />}>
      <StatusList
        what="prescriptions"
        icon={IconPill}
        statuses={PRESCRIPTION_STATUSES}
        first="active"
        useRows={(asked) => useQuery(prescriptionsQuery(asked))}
        whenNone="They are written by prescribers, here or through the API."
      >
        {(rows) => <PrescriptionTable prescriptions={rows} />}
      </StatusList>
    </Page>
  );
}
