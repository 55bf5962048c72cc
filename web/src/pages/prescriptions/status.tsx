import { Badge } from '@mantine/core';
import type { ListedPrescription } from '../../api/prescriptions';

const COLORS: Readonly<Record<ListedPrescription['status'], string>> = {
  active: 'green',
  expired: 'orange',
  cancelled: 'gray',
};

export function PrescriptionStatusBadge({ status }: { status: ListedPrescription['status'] }) {
  return <Badge color={COLORS[status]}>{status}</Badge>;
}
