import { NativeSelect } from '@mantine/core';
import type { Icon } from '@tabler/icons-react';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useSearchParams } from 'wouter';
import { PAGE_SIZE, type Paged } from '../api/paged';
import { pageIn, Pager, PastEnd } from './pager';
import { Await, Empty } from './states';
import { wordsOf } from './words';

/** Stands for every status. */
const ALL = 'all';

interface StatusListProps<T> {
  /** What is listed, in the plural. */
  what: string;
  icon: Icon;
  statuses: readonly string[];
  /** Shown at first; all of them unless said otherwise. */
  first?: string;
  /** A hook that asks for a page; the status is empty for all. */
  useRows: (asked: { status: string; page: number }) => UseQueryResult<Paged<T>>;
  /** How they come to be, when there are none at all. */
  whenNone: string;
  children: (rows: readonly T[]) => ReactNode;
}

/** A list by status, page by page; both stand in the address. */
export function StatusList<T>(props: StatusListProps<T>) {
  const { what, icon, statuses, first = ALL, useRows, whenNone, children } = props;
  const [address, setAddress] = useSearchParams();
  const status = address.get('status') ?? first;
  const page = pageIn(address);
  const turnTo = (to: number): void => setAddress({ status, page: String(to) }, { replace: true });
  const found = useRows({ status: status === ALL ? '' : status, page });
  return (
    <>
      <NativeSelect
        label="Status"
        maw={220}
        data={[...statuses, ALL].map((value) => ({ value, label: wordsOf(value) }))}
        value={status}
        onChange={({ currentTarget }) => setAddress({ status: currentTarget.value }, { replace: true })}
      />
      <Await query={found}>
        {({ rows, total }) =>
          rows.length === 0 && total > 0 ? (
            <PastEnd what={what} total={total} onPage={turnTo} />
          ) : rows.length === 0 ? (
            <Empty icon={icon} title={`No ${what}`}>
              {status === ALL ? whenNone : 'None of this status.'}
            </Empty>
          ) : (
            <>
              <Pager what={what} page={page} size={PAGE_SIZE} total={total} onPage={turnTo} />
              {children(rows)}
            </>
          )
        }
      </Await>
    </>
  );
}
