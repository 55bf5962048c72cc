import { Badge } from '@mantine/core';
import { OUTCOMES } from './describe';

export function Outcome({ outcome = '' }: { outcome?: string | undefined }) {
  const color = outcome === '0' ? 'green' : outcome === '4' ? 'orange' : 'red';
  return <Badge color={color}>{OUTCOMES[outcome] ?? outcome}</Badge>;
}
