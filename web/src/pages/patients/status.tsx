import { Badge } from '@mantine/core';
import type { PatientStatus } from '../../api/patients';

const COLORS: Readonly<Record<PatientStatus, string>> = {
  active: 'green',
  inactive: 'gray',
  pending: 'orange',
};

export function PatientStatusBadge({ status }: { status: PatientStatus }) {
  return <Badge color={COLORS[status]}>{status}</Badge>;
}
