import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { queryString, request } from './client';
import { PAGE_SIZE, type Paged } from './paged';

export const ORDER_STATUSES = ['pending', 'processing', 'completed', 'cancelled'] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

export interface ListedOrder {
  id: string;
  orderNumber: string | null;
  patientName: string | null;
  providerName: string | null;
  type: string | null;
  status: OrderStatus;
  itemCount: number;
  totalAmount: number | null;
  createdAt: string | null;
  priority: string;
  completedAt: string | null;
}

export interface OrderItem {
  id: string;
  type: string | null;
  name: string | null;
  status: 'pending' | 'sent_to_pharmacy' | 'fulfilled' | 'cancelled';
  quantity: number | null;
  refills: number | null;
  prescriptionId: string | null;
}

export interface Order {
  id: string;
  orderNumber: string | null;
  patient: {
    id: string | null;
    name: string | null;
    dateOfBirth: string | null;
    phone: string | null;
  } | null;
  provider: { id: string | null; name: string | null; npiNumber: string | null } | null;
  type: string | null;
  priority: string;
  status: OrderStatus;
  statusHistory: { status: OrderStatus; timestamp: string | null; notes: string | null }[];
  items: OrderItem[];
  pharmacy: { id: string | null; name: string | null; phone: string | null; status: string } | null;
  createdAt: string | null;
  updatedAt: string | null;
}

export const ORDERS = ['orders'] as const;

export const ordersQuery = (query: { status?: string; patientId?: string; page: number }) =>
  queryOptions({
    queryKey: [...ORDERS, 'list', query],
    queryFn: async ({ signal }): Promise<Paged<ListedOrder>> => {
      const path = `/v1/orders${queryString({ ...query, limit: PAGE_SIZE })}`;
      const { orders, pagination } = await request<{
        orders: ListedOrder[];
        pagination: { page: number; total: number };
      }>(path, { signal });
      return { rows: orders, page: pagination.page, total: pagination.total };
    },
    placeholderData: keepPreviousData,
  });

export const orderQuery = (id: string) =>
  queryOptions({
    queryKey: [...ORDERS, id],
    queryFn: ({ signal }) => request<Order>(`/v1/orders/${id}`, { signal }),
  });

export function fulfilOrder(
  id: string,
  body: { fulfilledItems?: string[]; notes?: string },
): Promise<unknown> {
  return request(`/v1/orders/${id}/fulfill`, { method: 'POST', body });
}

export function cancelOrder(id: string, body: { reason?: string; notes?: string }): Promise<unknown> {
  return request(`/v1/orders/${id}/cancel`, { method: 'PUT', body });
}
