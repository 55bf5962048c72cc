import { Badge, Group } from '@mantine/core';
import type { ApiKey } from '../../api/keys';

const COLORS: Readonly<Record<ApiKey['status'], string>> = {
  active: 'green',
  expired: 'gray',
  revoked: 'red',
};

/** Active, expired or revoked; an active key with a successor is on its way out. */
export function KeyStatus({ apiKey }: { apiKey: ApiKey }) {
  const rotated = apiKey.replacedBy !== null && apiKey.status === 'active';
  return rotated ? (
    <Badge color="orange">rotating</Badge>
  ) : (
    <Badge color={COLORS[apiKey.status]}>{apiKey.status}</Badge>
  );
}

export function Scopes({ scopes }: { scopes: readonly string[] }) {
  return (
    <Group gap={6}>
      {scopes.map((scope) => (
        <Badge key={scope} color="gray" ff="monospace">
          {scope}
        </Badge>
      ))}
    </Group>
  );
}
