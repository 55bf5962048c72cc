import { IconClipboardList } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { ORDER_STATUSES, ordersQuery } from '../../api/orders';
import { Page } from '../../ui/page';
import { StatusList } from '../../ui/status-list';
import { OrderTable } from './table';

export default function OrdersPage() {
  return (
    <Page title="Orders" lead="The newest first.">
      <StatusList
        what="orders"
        icon={IconClipboardList}
        statuses={ORDER_STATUSES}
        useRows={(asked) => useQuery(ordersQuery(asked))}
        whenNone="They are placed through the API."
      >
        {(rows) => <OrderTable orders={rows} />}
      </StatusList>
    </Page>
  );
}
