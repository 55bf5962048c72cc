import { Badge } from '@mantine/core';
import type { Delivery, Webhook } from '../../api/webhooks';

/** How a webhook does, in one word. */
export function WebhookStatus({ webhook }: { webhook: Webhook }) {
  const { status, failingSince } = webhook;
  if (status === 'off') return <Badge color="gray">off</Badge>;
  if (status === 'error') return <Badge color="red">error</Badge>;
  if (failingSince !== null) return <Badge color="red">failing</Badge>;
  if (status === 'requested') return <Badge color="blue">starting</Badge>;
  return <Badge color="green">active</Badge>;
}

/** What became of a delivery so far. */
export function DeliveryStatus({ delivery: { state, attempts } }: { delivery: Delivery }) {
  switch (state) {
    case 'delivered':
      return <Badge color="green">delivered</Badge>;
    case 'dead':
      return <Badge color="red">laid aside</Badge>;
    case 'skipped':
      return <Badge color="gray">skipped</Badge>;
    case 'pending':
      return attempts > 0 ? <Badge color="orange">retrying</Badge> : <Badge color="blue">waiting</Badge>;
  }
}
