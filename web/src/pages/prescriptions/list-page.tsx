import { NativeSelect } from '@mantine/core';
import { IconPill } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'wouter';
import { PAGE_SIZE } from '../../api/paged';
import { prescriptionsQuery } from '../../api/prescriptions';
import { Page } from '../../ui/page';
import { Pager } from '../../ui/pager';
import { Await, Empty } from '../../ui/states';
import { PrescriptionTable } from './table';

const STATUSES = [
  { value: 'active', label: 'Active' },
  { value: 'expired', label: 'Expired' },
  { value: 'cancelled', label: 'Cancelled' },
  { value: 'all', label: 'All' },
];

export default function PrescriptionsPage() {
  const [address, setAddress] = useSearchParams();
  const status = address.get('status') ?? 'active';
  const page = Number(address.get('page') ?? 1);
  const prescriptions = useQuery(prescriptionsQuery({ status: status === 'all' ? '' : status, page }));
  return (
    <Page title="Prescriptions" lead="The newest first.">
      <NativeSelect
        label="Status"
        maw={220}
        data={STATUSES}
        value={status}
        onChange={({ currentTarget }) => setAddress({ status: currentTarget.value }, { replace: true })}
      />
      <Await query={prescriptions}>
        {({ rows, total }) =>
          rows.length === 0 ? (
            <Empty icon={IconPill} title="No prescriptions">
              {status === 'all' ? 'They are written through the API.' : 'None of this status.'}
            </Empty>
          ) : (
            <>
              <Pager
                what="prescriptions"
                page={page}
                size={PAGE_SIZE}
                total={total}
                onPage={(to) => setAddress({ status, page: String(to) }, { replace: true })}
              />
              <PrescriptionTable prescriptions={rows} />
            </>
          )
        }
      </Await>
    </Page>
  );
}
