import { Anchor } from '@mantine/core';
import type { ListedOrder } from '../../api/orders';
import { Link } from '../../app/link';
import { type Column, DataTable } from '../../ui/data-table';
import { timeColumn } from '../../ui/time-column';
import { wordsOf } from '../../ui/words';
import { OrderStatusBadge } from './status';

const COLUMNS: readonly Column<ListedOrder>[] = [
  {
    header: 'Order',
    width: '8.8rem',
    cell: ({ id, orderNumber }) => (
      <Anchor component={Link} to={`/orders/${id}`} size="sm">
        {orderNumber ?? id}
      </Anchor>
    ),
  },
  { header: 'Patient', cell: ({ patientName }) => patientName ?? '–' },
  { header: 'Ordered by', cell: ({ providerName }) => providerName ?? '–', wide: true },
  { header: 'Kind', width: '8rem', cell: ({ type }) => wordsOf(type), wide: true },
  { header: 'Items', width: '5.2rem', align: 'end', cell: ({ itemCount }) => itemCount, wide: true },
  { header: 'Status', width: '7.2rem', cell: ({ status }) => <OrderStatusBadge status={status} /> },
  timeColumn('Ordered', ({ createdAt }) => createdAt),
];

interface OrderTableProps {
  orders: readonly ListedOrder[];
  /** Without the patient's name, where the page has it. */
  isOfOnePatient?: boolean;
}

export function OrderTable({ orders, isOfOnePatient = false }: OrderTableProps) {
  const columns = COLUMNS.filter(({ header }) => !(isOfOnePatient && header === 'Patient'));
  return <DataTable label="Orders" columns={columns} rows={orders} rowKey={({ id }) => id} />;
}
