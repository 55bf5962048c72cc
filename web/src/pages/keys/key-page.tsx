import { Alert, Anchor, Button, Card, Group } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconRefresh, IconTrash } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from 'wouter';
import { type ApiKey, keyQuery, KEYS, revokeKey } from '../../api/keys';
import { Link } from '../../app/link';
import { Confirm } from '../../ui/confirm';
import { Fact, Facts } from '../../ui/facts';
import { Page } from '../../ui/page';
import { Await } from '../../ui/states';
import { Time } from '../../ui/time';
import { useAction } from '../../ui/use-action';
import { RotateKeyDialog } from './rotate';
import { KeyStatus, Scopes } from './status';
import { UseOfKey } from './use';

export default function KeyPage() {
  const { id = '' } = useParams<{ id: string }>();
  const key = useQuery(keyQuery(id));
  return <Await query={key}>{(apiKey) => <KeyView apiKey={apiKey} />}</Await>;
}

function KeyView({ apiKey }: { apiKey: ApiKey }) {
  const [isRotating, rotate] = useDisclosure(false);
  const [isRevoking, revoke] = useDisclosure(false);
  const isActive = apiKey.status === 'active';
  return (
    <Page
      back={{ to: '/keys', label: 'API keys' }}
      title={
        <Group component="span" gap="sm">
          API key <KeyStatus apiKey={apiKey} />
        </Group>
      }
      lead={<span className="mono">{apiKey.id}</span>}
      actions={
        isActive && (
          <>
            <Button
              variant="default"
              leftSection={<IconRefresh size={17} />}
              onClick={rotate.open}
              disabled={apiKey.replacedBy !== null}
            >
              Rotate
            </Button>
            <Button variant="default" leftSection={<IconTrash size={17} />} onClick={revoke.open}>
              Revoke
            </Button>
          </>
        )
      }
    >
      <Successor apiKey={apiKey} />
      <Card>
        <Facts>
          <Fact name="Practice">{apiKey.practice}</Fact>
          <Fact name="Plan">{apiKey.plan}</Fact>
          <Fact name="Last used">
            <Time at={apiKey.lastUsedAt} none="never" />
          </Fact>
          <Fact name="Created">
            <Time at={apiKey.createdAt} />
          </Fact>
          <Fact name="Expires">
            <Time at={apiKey.expiresAt} none="does not" />
          </Fact>
          {apiKey.revokedAt !== null && (
            <Fact name="Revoked">
              <Time at={apiKey.revokedAt} />
            </Fact>
          )}
          <Fact name="Scopes" isWide>
            <Scopes scopes={apiKey.scopes} />
          </Fact>
        </Facts>
      </Card>
      <UseOfKey id={apiKey.id} />
      <RotateKeyDialog apiKey={apiKey} opened={isRotating} onClose={rotate.close} />
      <Revocation apiKey={apiKey} opened={isRevoking} onClose={revoke.close} />
    </Page>
  );
}

function Successor({ apiKey: { replacedBy, status, expiresAt } }: { apiKey: ApiKey }) {
  if (replacedBy === null) return null;
  return (
    <Alert color="orange" title="This key has a successor">
      {status === 'active' && (
        <>
          It is good until <Time at={expiresAt} />.{' '}
        </>
      )}
      <Anchor component={Link} to={`/keys/${replacedBy}`}>
        Go to its successor
      </Anchor>
    </Alert>
  );
}

function Revocation({ apiKey, opened, onClose }: { apiKey: ApiKey; opened: boolean; onClose: () => void }) {
  const queries = useQueryClient();
  const revocation = useAction({
    mutationFn: () => revokeKey(apiKey.id),
    onSuccess: async () => {
      onClose();
      await queries.invalidateQueries({ queryKey: KEYS });
    },
  });
  return (
    <Confirm
      opened={opened}
      onClose={onClose}
      title="Revoke this key?"
      verb="Revoke"
      isDangerous
      isBusy={revocation.isPending}
      error={revocation.error}
      onConfirm={() => revocation.mutate()}
    >
      Requests with it are refused from this moment, in every process. It cannot be taken back; for a change
      without a gap, rotate it instead.
    </Confirm>
  );
}
