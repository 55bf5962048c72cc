import { Alert, Anchor, Button, Checkbox, Group, SegmentedControl, Stack, Title } from '@mantine/core';
import { IconInbox, IconRepeat } from '@tabler/icons-react';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'wouter';
import { deliveriesQuery, type Delivery, type DeliveryState, replay, WEBHOOKS } from '../../api/webhooks';
import { Link } from '../../app/link';
import { type Column, DataTable } from '../../ui/data-table';
import { Empty, Failure, Loading } from '../../ui/states';
import { timeColumn } from '../../ui/time-column';
import { useAction } from '../../ui/use-action';
import { DeliveryStatus } from './status';

const STATES: { value: DeliveryState | ''; label: string }[] = [
  { value: '', label: 'All' },
  { value: 'pending', label: 'On their way' },
  { value: 'dead', label: 'Laid aside' },
  { value: 'delivered', label: 'Delivered' },
];

/** What one request replays: as many as the server lists at once. */
const AT_ONCE = 200;

/** The webhook's deliveries, to look at and to send again. */
export function Deliveries({ id }: { id: string }) {
  const [search, setSearch] = useSearchParams();
  const state = STATES.find(({ value }) => value === search.get('state'))?.value ?? '';
  const pages = useInfiniteQuery(deliveriesQuery(id, state === '' ? undefined : state));
  const [chosen, setChosen] = useState<ReadonlySet<number>>(new Set());
  const rows = pages.data?.pages.flatMap(({ data }) => data) ?? [];
  const toggle = (number: number): void => {
    const next = new Set(chosen);
    if (!next.delete(number)) next.add(number);
    setChosen(next);
  };
  return (
    <Stack gap="md" component="section">
      <Group justify="space-between">
        <Title order={2}>Deliveries</Title>
        <SegmentedControl
          aria-label="Which deliveries"
          data={STATES}
          value={state}
          onChange={(value) => setSearch(value === '' ? {} : { state: value }, { replace: true })}
        />
      </Group>
      <Replay id={id} rows={rows} chosen={chosen} onDone={() => setChosen(new Set())} />
      {pages.isPending ? (
        <Loading />
      ) : pages.isError ? (
        <Failure error={pages.error} retry={() => void pages.refetch()} />
      ) : rows.length === 0 ? (
        <Empty icon={IconInbox} title="No deliveries here">
          Send a test, or wait for a referral to change.
        </Empty>
      ) : (
        <DataTable
          label="Deliveries"
          columns={columnsFor(id, chosen, toggle)}
          rows={rows}
          rowKey={({ number }) => String(number)}
          maxHeight="34rem"
        />
      )}
      {pages.hasNextPage && (
        <Group justify="center">
          <Button
            variant="default"
            loading={pages.isFetchingNextPage}
            onClick={() => void pages.fetchNextPage()}
          >
            Older deliveries
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function columnsFor(
  id: string,
  chosen: ReadonlySet<number>,
  toggle: (number: number) => void,
): Column<Delivery>[] {
  return [
    {
      header: 'Select',
      width: '5.4rem',
      cell: ({ number }) => (
        <Checkbox
          aria-label={`Select delivery ${number}`}
          checked={chosen.has(number)}
          onChange={() => toggle(number)}
        />
      ),
    },
    {
      header: 'Delivery',
      width: '6.2rem',
      cell: ({ number }) => (
        <Anchor component={Link} to={`/webhooks/${id}/deliveries/${number}`} size="sm">
          #{number}
        </Anchor>
      ),
    },
    { header: 'Event', cell: ({ event }) => <span className="mono">{event}</span> },
    { header: 'State', width: '7.8rem', cell: (delivery) => <DeliveryStatus delivery={delivery} /> },
    { header: 'Calls', width: '5rem', align: 'end', cell: ({ attempts }) => attempts, wide: true },
    timeColumn('Happened', ({ at }) => at),
    timeColumn('Next try', ({ nextAt }) => nextAt),
  ];
}

/** Sends again what was chosen, or all that failed. */
function Replay({
  id,
  rows,
  chosen,
  onDone,
}: {
  id: string;
  rows: readonly Delivery[];
  chosen: ReadonlySet<number>;
  onDone: () => void;
}) {
  const queries = useQueryClient();
  const replaying = useAction({
    mutationFn: (numbers: readonly number[] | 'failed') => replay(id, numbers),
    onSuccess: async () => {
      onDone();
      await queries.invalidateQueries({ queryKey: WEBHOOKS });
    },
  });
  const hasFailed = rows.some(
    ({ state, attempts }) => state === 'dead' || (state === 'pending' && attempts > 0),
  );
  const count = replaying.data?.replayed;
  if (!hasFailed && chosen.size === 0 && count === undefined && !replaying.isError) return null;
  return (
    <Group gap="sm" aria-live="polite">
      {chosen.size > 0 && (
        <Button
          leftSection={<IconRepeat size={17} />}
          loading={replaying.isPending}
          disabled={chosen.size > AT_ONCE}
          onClick={() => replaying.mutate([...chosen])}
        >
          Replay {chosen.size} selected
        </Button>
      )}
      {hasFailed && (
        <Button
          variant="default"
          leftSection={<IconRepeat size={17} />}
          loading={replaying.isPending}
          onClick={() => replaying.mutate('failed')}
        >
          Replay all failed
        </Button>
      )}
      {replaying.isError && <Failure error={replaying.error} />}
      {count !== undefined && chosen.size === 0 && (
        <Alert color="green" py={6}>
          {count === 1 ? '1 delivery is' : `${count} deliveries are`} sent again.
        </Alert>
      )}
    </Group>
  );
}
