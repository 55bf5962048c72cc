import { Button, Group, NativeSelect, Stack, Text } from '@mantine/core';
import { IconHistory } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'wouter';
import { type History, historyQuery, type Version } from '../../api/fhir';
import { type Column, DataTable } from '../../ui/data-table';
import { Await, Empty } from '../../ui/states';
import { Time } from '../../ui/time';
import { DifferenceView } from './difference-view';

/** The versions of a resource, and how two of them differ. */
export function HistoryView({ type, id }: { type: string; id: string }) {
  return (
    <Await query={useQuery(historyQuery(type, id))}>{(history) => <Versions history={history} />}</Await>
  );
}

const WHAT: Readonly<Record<string, string>> = {
  POST: 'created',
  PUT: 'changed',
  PATCH: 'changed',
  DELETE: 'deleted',
};

function Versions({ history: { versions, isCut } }: { history: History }) {
  const [search, setSearch] = useSearchParams();
  const [newest, next] = versions;
  const find = (id: string | null): Version | undefined => versions.find((version) => version.id === id);
  const after = find(search.get('to')) ?? newest;
  const before = find(search.get('from')) ?? next;
  const compare = (from: string, to: string): void =>
    setSearch({ tab: 'history', from, to }, { replace: true });
  if (newest === undefined) return <Empty icon={IconHistory} title="There is no history" />;
  const columns: readonly Column<Version>[] = [
    { header: 'Version', width: '6rem', cell: (version) => version.id },
    { header: 'When', cell: (version) => <Time at={version.at} /> },
    {
      header: 'What',
      width: '6.5rem',
      wide: true,
      cell: (version) => WHAT[version.method] ?? version.method,
    },
    {
      header: 'Difference',
      width: '9.5rem',
      cell: (version) => {
        const older = versions[versions.indexOf(version) + 1];
        return older === undefined ? (
          '–'
        ) : (
          <Button size="compact-xs" variant="default" onClick={() => compare(older.id, version.id)}>
            To version {older.id}
          </Button>
        );
      },
    },
  ];
  return (
    <Stack>
      <DataTable
        label="Versions"
        columns={columns}
        rows={versions}
        rowKey={(version) => version.id}
        maxHeight="19rem"
      />
      {isCut && (
        <Text size="sm" c="dimmed">
          The newest {versions.length} versions.
        </Text>
      )}
      {before === undefined || after === undefined ? (
        <Text size="sm">There is one version: nothing to compare it with yet.</Text>
      ) : (
        <>
          <Group>
            <VersionSelect
              label="From version"
              versions={versions}
              value={before.id}
              onChange={(from) => compare(from, after.id)}
            />
            <VersionSelect
              label="To version"
              versions={versions}
              value={after.id}
              onChange={(to) => compare(before.id, to)}
            />
          </Group>
          <DifferenceView before={before} after={after} />
        </>
      )}
    </Stack>
  );
}

interface VersionSelectProps {
  label: string;
  versions: readonly Version[];
  value: string;
  onChange: (id: string) => void;
}

function VersionSelect({ label, versions, value, onChange }: VersionSelectProps) {
  return (
    <NativeSelect
      label={label}
      data={versions.map(({ id }) => id)}
      value={value}
      onChange={({ currentTarget }) => onChange(currentTarget.value)}
    />
  );
}
