import { Badge, Button, Card, Group, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconLock, IconNotes, IconPlus } from '@tabler/icons-react';
import type { Note } from '../../api/patients';
import { mayWrite } from '../../app/rights';
import { useUser } from '../../app/session';
import { Empty } from '../../ui/states';
import { Time } from '../../ui/time';
import { wordsOf } from '../../ui/words';
import { NewNoteDialog } from './new-note';
import { SECTIONS } from './sections';

/** Signed notes, newest first. Confidential ones come only to their author, prescribers and administrators. */
export function Notes({ patientId, notes }: { patientId: string; notes: readonly Note[] }) {
  const user = useUser();
  const [opened, { open, close }] = useDisclosure(false);
  const add = mayWrite(user) ? (
    <Button leftSection={<IconPlus size={17} />} onClick={open}>
      New note
    </Button>
  ) : undefined;
  const newest = [...notes].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  return (
    <Stack>
      {notes.length === 0 ? (
        <Empty icon={IconNotes} title="No notes that you may see" action={add}>
          Confidential notes are shown to their author, prescribers and administrators.
        </Empty>
      ) : (
        <>
          {add !== undefined && <Group justify="flex-end">{add}</Group>}
          {newest.map((note) => (
            <NoteCard key={note.id} note={note} />
          ))}
        </>
      )}
      <NewNoteDialog patientId={patientId} opened={opened} onClose={close} />
    </Stack>
  );
}

function NoteCard({
  note: { type, content, icd10Codes, cptCodes, createdAt, createdBy, locked },
}: {
  note: Note;
}) {
  const sections = SECTIONS.filter(({ name }) => typeof content?.[name] === 'string');
  const codes = [...icd10Codes, ...cptCodes];
  return (
    <Card component="article">
      <Group justify="space-between" mb="xs">
        <Title order={2}>{wordsOf(type)}</Title>
        {locked && (
          <Badge color="gray" leftSection={<IconLock size={12} aria-hidden />}>
            signed
          </Badge>
        )}
      </Group>
      <Text size="sm" c="dimmed" mb="sm">
        {createdBy.name}, <Time at={createdAt} />
      </Text>
      <Stack gap="xs">
        {sections.map(({ name, label }) => (
          <div key={name}>
            <Text size="sm" fw={600}>
              {label}
            </Text>
            <Text size="sm" style={{ whiteSpace: 'pre-line' }}>
              {content?.[name]}
            </Text>
          </div>
        ))}
        {codes.length > 0 && (
          <Group gap={6}>
            {codes.map((code) => (
              <Badge key={code} color="gray">
                {code}
              </Badge>
            ))}
          </Group>
        )}
      </Stack>
    </Card>
  );
}
