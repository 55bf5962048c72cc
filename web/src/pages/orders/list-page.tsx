import { NativeSelect } from '@mantine/core';
import { IconClipboardList } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'wouter';
import { ORDER_STATUSES, ordersQuery } from '../../api/orders';
import { PAGE_SIZE } from '../../api/paged';
import { Page } from '../../ui/page';
import { Pager } from '../../ui/pager';
import { Await, Empty } from '../../ui/states';
import { wordsOf } from '../../ui/words';
import { OrderTable } from './table';

const STATUSES = [
  { value: '', label: 'All' },
  ...ORDER_STATUSES.map((value) => ({ value, label: wordsOf(value) })),
];

export default function OrdersPage() {
  const [address, setAddress] = useSearchParams();
  const status = address.get('status') ?? '';
  const page = Number(address.get('page') ?? 1);
  const orders = useQuery(ordersQuery({ status, page }));
  const show = (next: { status?: string; page?: string }): void =>
    setAddress(Object.fromEntries(Object.entries(next).filter(([, value]) => value !== '')), {
      replace: true,
    });
  return (
    <Page title="Orders" lead="The newest first.">
      <NativeSelect
        label="Status"
        maw={220}
        data={STATUSES}
        value={status}
        onChange={({ currentTarget }) => show({ status: currentTarget.value })}
      />
      <Await query={orders}>
        {({ rows, total }) =>
          rows.length === 0 ? (
            <Empty icon={IconClipboardList} title="No orders">
              {status === '' ? 'They are placed through the API.' : 'None of this status.'}
            </Empty>
          ) : (
            <>
              <Pager
                what="orders"
                page={page}
                size={PAGE_SIZE}
                total={total}
                onPage={(to) => show({ status, page: String(to) })}
              />
              <OrderTable orders={rows} />
            </>
          )
        }
      </Await>
    </Page>
  );
}
