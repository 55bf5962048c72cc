import { Badge, Card, Group, NativeSelect, Stack, Text, Timeline } from '@mantine/core';
import { IconFlask, IconHistory, IconPhotoScan, IconPill, IconStethoscope } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type HistoryEntry, patientHistoryQuery } from '../../api/patients';
import { Fact, Facts } from '../../ui/facts';
import { Await, Empty } from '../../ui/states';
import { Time } from '../../ui/time';
import { wordsOf } from '../../ui/words';

const KINDS = [
  { value: 'all', label: 'Everything' },
  { value: 'visit', label: 'Visits' },
  { value: 'prescription', label: 'Prescriptions' },
  { value: 'lab', label: 'Laboratory' },
  { value: 'imaging', label: 'Imaging' },
];
const ICONS = { visit: IconStethoscope, prescription: IconPill, lab: IconFlask, imaging: IconPhotoScan };

/** What happened to the patient, newest first. */
export function MedicalHistory({ patientId }: { patientId: string }) {
  const [kind, setKind] = useState('all');
  return (
    <Stack>
      <NativeSelect
        label="Show"
        maw={220}
        data={KINDS}
        value={kind}
        onChange={({ currentTarget }) => setKind(currentTarget.value)}
      />
      <Await query={useQuery(patientHistoryQuery(patientId, kind))}>
        {(entries) =>
          entries.length === 0 ? (
            <Empty icon={IconHistory} title="Nothing in the history" />
          ) : (
            <Timeline bulletSize={30} lineWidth={2} active={entries.length}>
              {entries.map((entry) => {
                const Icon = ICONS[entry.type];
                return (
                  <Timeline.Item key={entry.id} bullet={<Icon size={16} aria-hidden />}>
                    <Entry entry={entry} />
                  </Timeline.Item>
                );
              })}
            </Timeline>
          )
        }
      </Await>
    </Stack>
  );
}

function Entry({ entry }: { entry: HistoryEntry }) {
  const { type, date, provider, chiefComplaint, name, result } = entry;
  return (
    <Card padding="sm">
      <Group gap="xs" justify="space-between">
        <Text fw={600}>{(type === 'visit' ? chiefComplaint : name) ?? wordsOf(type)}</Text>
        <Badge color="gray">{wordsOf(type)}</Badge>
      </Group>
      <Text size="sm" c="dimmed" mb={type === 'visit' ? 'xs' : 0}>
        <Time at={date} />
        {provider !== null && ` · ${provider.name}`}
      </Text>
      {type === 'visit' ? <Visit entry={entry} /> : <Text size="sm">{result}</Text>}
    </Card>
  );
}

function Visit({
  entry: { diagnosis = [], treatment, notes, followUp, pathology },
}: {
  entry: HistoryEntry;
}) {
  const told: [string, string | null | undefined][] = [
    ['Diagnosis', diagnosis.join(', ')],
    ['Treatment', treatment],
    ['Pathology', pathology?.result],
    ['Notes', notes],
    ['Follow-up', followUp],
  ];
  const known = told.filter(([, text]) => text !== '' && text !== null && text !== undefined);
  if (known.length === 0) return null;
  return (
    <Facts>
      {known.map(([title, text]) => (
        <Fact key={title} name={title}>
          {text}
        </Fact>
      ))}
    </Facts>
  );
}
