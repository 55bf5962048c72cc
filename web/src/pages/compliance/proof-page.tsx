import { Alert, Anchor, Button, Card, Progress, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconCircleCheck, IconShieldCheck } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import {
  type AuditLog,
  logQuery,
  startVerification,
  type Verification,
  verificationQuery,
} from '../../api/audit';
import { Fact, Facts } from '../../ui/facts';
import { Page } from '../../ui/page';
import { Await, Failure } from '../../ui/states';
import { Time } from '../../ui/time';
import { useAction } from '../../ui/use-action';

export default function ProofPage() {
  const log = useQuery(logQuery);
  const latest = useQuery(verificationQuery);
  const queries = useQueryClient();
  const verify = useAction({
    mutationFn: startVerification,
    onSuccess: (begun) => queries.setQueryData(verificationQuery.queryKey, begun),
  });
  const isRunning = latest.data?.state === 'running';
  return (
    <Page
      title="Proof"
      lead="The log is a chain of hashes and a Merkle tree, signed. What was recorded cannot be changed, removed or added to unseen."
      actions={
        <Button
          leftSection={<IconShieldCheck size={17} />}
          onClick={() => verify.mutate()}
          loading={verify.isPending || isRunning}
        >
          Verify now
        </Button>
      }
    >
      {verify.isError && <Failure error={verify.error} />}
      <Await query={latest}>{(verification) => <Result verification={verification} />}</Await>
      <Await query={log}>{(data) => <Checkpoint log={data} />}</Await>
    </Page>
  );
}

/** How the last verification of the whole log ended, or how far it is. */
function Result({ verification }: { verification: Verification | null }) {
  if (verification === null)
    return (
      <Alert color="blue" title="Not verified here yet" icon={<IconShieldCheck size={20} />}>
        Verifying exports the whole log and checks every event against the signed root, as a reviewer would.
      </Alert>
    );
  const { state, by, startedAt, endedAt, events, size, ok, key, wrong = 0, problem } = verification;
  if (state === 'running')
    return (
      <Card role="status">
        <Text fw={600}>Verifying the whole log</Text>
        <Progress
          value={size === 0 ? 0 : (events / size) * 100}
          animated
          mt="sm"
          aria-label="Events gone through"
        />
        <Text size="sm" c="dimmed" mt={4}>
          {events.toLocaleString()} of {size.toLocaleString()} events; begun <Time at={startedAt} /> by {by}
        </Text>
      </Card>
    );
  if (state === 'done' && ok === true)
    return (
      <Alert color="green" title="Verified" icon={<IconCircleCheck size={20} />} role="status">
        {events.toLocaleString()} events, the whole log: 0 altered, 0 missing, 0 added, 0 out of order.
        Finished <Time at={endedAt} /> for {by}, signed with the key <span className="mono">{key}</span>.
      </Alert>
    );
  return (
    <Alert color="red" title="Not verified" icon={<IconAlertTriangle size={20} />} role="alert">
      {wrong > 0 && (
        <Text size="sm">
          {wrong.toLocaleString()} events are wrong. Export the log and run the verifier: it names each.
        </Text>
      )}
      {problem !== undefined && <Text size="sm">{problem.charAt(0).toUpperCase() + problem.slice(1)}</Text>}
      <Text size="sm">
        Ended <Time at={endedAt ?? startedAt} />, asked for by {by}.
      </Text>
    </Alert>
  );
}

function Checkpoint({ log: { checkpoint, keys, retentionYears } }: { log: AuditLog }) {
  const { size, root, chain, at, kid, origin } = checkpoint;
  return (
    <Stack gap="md" component="section" aria-label="Latest checkpoint">
      <Title order={2}>Latest checkpoint</Title>
      <Card>
        <Facts columns={2}>
          <Fact name="Events in the log">{size.toLocaleString()}</Fact>
          <Fact name="Signed">
            <Time at={at} />
          </Fact>
          <Fact name="By">{origin}</Fact>
          <Fact name="Kept for">{retentionYears} years</Fact>
          <Fact name="With the key">
            <span className="mono">{kid}</span>
          </Fact>
          <Fact name="Keys so far">
            {keys.length}, <Anchor href="/audit/keys">published</Anchor>
          </Fact>
          <Fact name="Merkle root">
            <span className="mono">{root}</span>
          </Fact>
          <Fact name="Last link of the chain">
            <span className="mono">{chain}</span>
          </Fact>
        </Facts>
      </Card>
    </Stack>
  );
}
