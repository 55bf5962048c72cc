import { Text } from '@mantine/core';
import type { InfiniteData, UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { type Column, DataTable } from './data-table';
import { Failure, Loading } from './states';

interface EndlessTableProps<Page, Row> {
  found: UseInfiniteQueryResult<InfiniteData<Page>>;
  rowsOf: (page: Page) => readonly Row[];
  /** Of all matches, where the first page says so. */
  countOf?: (page: Page) => number | null | undefined;
  /** What is listed: one of it, and several. */
  what: readonly [one: string, several: string];
  label: string;
  columns: readonly Column<Row>[];
  rowKey: (row: Row) => string;
  /** Shown when nothing fits. */
  none: ReactNode;
}

/** What a search finds, loaded page by page as one scrolls. */
export function EndlessTable<Page, Row>(props: EndlessTableProps<Page, Row>) {
  const { found, rowsOf, countOf, what, none, ...table } = props;
  if (found.isPending) return <Loading />;
  if (found.isError && found.data === undefined)
    return <Failure error={found.error} retry={() => void found.refetch()} />;
  const pages = found.data?.pages ?? [];
  const rows = pages.flatMap(rowsOf);
  if (rows.length === 0) return none;
  const [first] = pages;
  const count = first === undefined ? undefined : (countOf?.(first) ?? undefined);
  const shown = count ?? rows.length;
  return (
    <>
      <Text size="sm" c="dimmed" role="status">
        {shown.toLocaleString()} {shown === 1 ? what[0] : what[1]}
        {count === undefined && found.hasNextPage && ', more as you scroll'}
      </Text>
      <DataTable
        {...table}
        rows={rows}
        count={count}
        maxHeight="calc(100dvh - 20rem)"
        onEnd={() => {
          if (found.hasNextPage && !found.isFetching) void found.fetchNextPage();
        }}
      />
    </>
  );
}
