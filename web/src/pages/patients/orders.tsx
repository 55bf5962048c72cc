import { IconClipboardList } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ordersQuery } from '../../api/orders';
import { PAGE_SIZE } from '../../api/paged';
import { Pager } from '../../ui/pager';
import { Await, Empty } from '../../ui/states';
import { OrderTable } from '../orders/table';

export function PatientOrders({ patientId }: { patientId: string }) {
  const [page, setPage] = useState(1);
  const orders = useQuery(ordersQuery({ patientId, page }));
  return (
    <Await query={orders}>
      {({ rows, total }) =>
        rows.length === 0 ? (
          <Empty icon={IconClipboardList} title="No orders" />
        ) : (
          <>
            <Pager what="orders" page={page} size={PAGE_SIZE} total={total} onPage={setPage} />
            <OrderTable orders={rows} isOfOnePatient />
          </>
        )
      }
    </Await>
  );
}
