import { Button, Group, Text } from '@mantine/core';
import { IconChevronLeft, IconChevronRight, IconPageBreak } from '@tabler/icons-react';
import { Empty } from './states';

interface PagerProps {
  /** What is counted, in the plural. */
  what: string;
  /** From 1. */
  page: number;
  size: number;
  total: number;
  onPage: (page: number) => void;
}

/** Which part of a list is shown, and the way to its neighbours. */
export function Pager({ what, page, size, total, onPage }: PagerProps) {
  const pages = Math.max(1, Math.ceil(total / size));
  const first = Math.min(total, (page - 1) * size + 1);
  return (
    <Group justify="space-between">
      <Text size="sm" role="status">
        {total <= size
          ? `${total} ${total === 1 ? what.replace(/s$/, '') : what}`
          : `${first} to ${Math.min(total, page * size)} of ${total} ${what}`}
      </Text>
      {pages > 1 && (
        <Group gap="xs" component="nav" aria-label={`Pages of ${what}`}>
          <Button
            variant="default"
            size="xs"
            leftSection={<IconChevronLeft size={15} />}
            disabled={page <= 1}
            onClick={() => onPage(page - 1)}
          >
            Previous
          </Button>
          <Button
            variant="default"
            size="xs"
            rightSection={<IconChevronRight size={15} />}
            disabled={page >= pages}
            onClick={() => onPage(page + 1)}
          >
            Next
          </Button>
        </Group>
      )}
    </Group>
  );
}

/** The page that an address asks for; the first where it asks for none that there could be. */
export function pageIn(address: URLSearchParams): number {
  return Math.max(1, Math.trunc(Number(address.get('page'))) || 1);
}

/** In place of a page after the last one: the list has become shorter since its link was made. */
export function PastEnd({ what, total, onPage }: Pick<PagerProps, 'what' | 'total' | 'onPage'>) {
  return (
    <Empty
      icon={IconPageBreak}
      title="The list ends before this page"
      action={<Button onClick={() => onPage(1)}>To the first page</Button>}
    >
      It has {total} {what}.
    </Empty>
  );
}
