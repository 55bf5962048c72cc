import { SimpleGrid, Stack, Title } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { logQuery, type Verification, verificationQuery } from '../../api/audit';
import { keysQuery, nearestQuery } from '../../api/keys';
import { operationsQuery } from '../../api/operations';
import { referralsQuery } from '../../api/referrals';
import { pendingRefillsQuery } from '../../api/refills';
import type { User } from '../../api/session';
import { webhooksQuery } from '../../api/webhooks';
import { readsClinic } from '../../app/rights';
import { FigureLink } from './figure-link';

const DAY_MS = 86_400_000;
/** Keys that end within so many days are worth a word. */
const SOON_DAYS = 14;

/** What waits for the user, in figures; each leads to its page. */
export function Figures({ user }: { user: User }) {
  const administers = user.role === 'operator' || user.role === 'practice-admin';
  return (
    <Stack gap="sm" component="section" aria-label="At a glance">
      <Title order={2}>At a glance</Title>
      <SimpleGrid cols={{ base: 2, lg: 4 }}>
        {user.practiceId !== null && user.scopes.includes('referrals:read') && <ReferralsWaiting />}
        {readsClinic(user) && <RefillsWaiting />}
        {administers && <WebhooksInTrouble />}
        {administers && <KeysInUse />}
        {user.role === 'operator' && <Deployment />}
        {user.role === 'compliance' && <AuditChain />}
      </SimpleGrid>
    </Stack>
  );
}

function ReferralsWaiting() {
  const { data } = useInfiniteQuery(referralsQuery({ box: 'inbox', status: 'pending' }));
  const count = data?.pages[0]?.count ?? undefined;
  return (
    <FigureLink
      to="/referrals?status=pending"
      name="Referrals waiting"
      value={count?.toLocaleString()}
      note="received, neither accepted nor declined"
    />
  );
}

function RefillsWaiting() {
  const { data } = useQuery(pendingRefillsQuery);
  return (
    <FigureLink
      to="/refills"
      name="Refills to decide"
      value={data?.total.toLocaleString()}
      note={data === undefined ? '' : `${data.urgentCount} urgent`}
      isBad={(data?.urgentCount ?? 0) > 0}
    />
  );
}

function WebhooksInTrouble() {
  const { data } = useQuery(webhooksQuery);
  const live = data?.filter(({ status }) => status !== 'off');
  const bad = live?.filter(({ status, failingSince }) => status === 'error' || failingSince !== null).length;
  const dead = live?.reduce((sum, webhook) => sum + webhook.dead, 0) ?? 0;
  return (
    <FigureLink
      to="/webhooks"
      name="Webhooks failing"
      value={bad?.toLocaleString()}
      note={`of ${live?.length ?? 0}; ${dead} deliveries laid aside`}
      isBad={(bad ?? 0) > 0}
    />
  );
}

function KeysInUse() {
  const { data } = useQuery(keysQuery);
  const { data: nearest } = useQuery(nearestQuery);
  const active = data?.filter(({ status }) => status === 'active');
  const soon = active?.filter(
    ({ expiresAt }) => expiresAt !== null && Date.parse(expiresAt) < Date.now() + SOON_DAYS * DAY_MS,
  ).length;
  const share = nearest ? nearest.used / nearest.limit : undefined;
  const use = nearest
    ? `The busiest used ${nearest.used} of ${nearest.limit} requests a ${nearest.of}`
    : 'None was used in 24 hours';
  return (
    <FigureLink
      to={nearest ? `/keys/${nearest.id}` : '/keys'}
      name="Active keys"
      value={active?.length.toLocaleString()}
      share={share}
      note={nearest === undefined ? '' : `${use}. ${soon ?? 0} end within ${SOON_DAYS} days.`}
    />
  );
}

function Deployment() {
  const { data } = useQuery(operationsQuery('now'));
  const requests = data?.points.reduce((sum, point) => sum + point.requests, 0);
  const errors = data?.points.reduce((sum, point) => sum + point.errors, 0) ?? 0;
  const waiting =
    data === undefined ? undefined : data.waiting.outbox + data.waiting.deliveries + data.waiting.audit;
  return (
    <>
      <FigureLink
        to="/operations"
        name="Requests in 15 minutes"
        value={requests?.toLocaleString()}
        note={`${errors} answered with 5xx`}
        isBad={errors > 0}
      />
      <FigureLink
        to="/operations"
        name="Waiting in queues"
        value={waiting?.toLocaleString()}
        note="events, deliveries, audit entries"
      />
    </>
  );
}

/** What the last verification of the log came to, in one word. */
function verdictOf(latest: Verification | null | undefined): string | undefined {
  if (latest === undefined) return undefined;
  if (latest === null) return 'Not yet';
  if (latest.state === 'running') return 'Verifying';
  if (latest.state === 'failed') return 'Not finished';
  return latest.ok === true ? 'Intact' : 'Broken';
}

function AuditChain() {
  const { data: log } = useQuery(logQuery);
  const { data: latest } = useQuery(verificationQuery);
  return (
    <>
      <FigureLink
        to="/compliance/proof"
        name="Audit log"
        value={log?.checkpoint.size.toLocaleString()}
        note="events, sealed and signed"
      />
      <FigureLink
        to="/compliance/proof"
        name="Verification"
        value={verdictOf(latest)}
        note="of the whole log, the last time"
        isBad={verdictOf(latest) === 'Broken'}
      />
    </>
  );
}
