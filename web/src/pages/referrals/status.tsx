import { Badge } from '@mantine/core';
import type { ReferralStatus } from '../../api/referrals';
import { nameFrom } from '../../ui/words';

const COLORS: Readonly<Record<ReferralStatus, string>> = {
  pending: 'orange',
  accepted: 'blue',
  scheduled: 'violet',
  completed: 'green',
  declined: 'gray',
};

export function StatusBadge({ status }: { status: ReferralStatus }) {
  return <Badge color={COLORS[status]}>{status}</Badge>;
}

export function UrgentBadge() {
  return (
    <Badge color="red" flex="none">
      urgent
    </Badge>
  );
}

/** `Maria Hernandez`, as far as it is known. */
export function nameOf({
  client_first,
  client_last,
}: {
  client_first: string | null;
  client_last: string | null;
}): string {
  return nameFrom([client_first, client_last]);
}
