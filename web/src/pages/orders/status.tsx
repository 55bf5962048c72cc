import { Badge } from '@mantine/core';
import type { OrderStatus } from '../../api/orders';

const COLORS: Readonly<Record<OrderStatus, string>> = {
  pending: 'orange',
  processing: 'blue',
  completed: 'green',
  cancelled: 'gray',
};

export function OrderStatusBadge({ status }: { status: OrderStatus }) {
  return <Badge color={COLORS[status]}>{status}</Badge>;
}
