import { Alert, Button, Card, Code, Group, Progress, Radio, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconCircleCheck, IconFileExport, IconPlayerStop, IconPlugConnectedX } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import {
  BrokenOff,
  downloadExport,
  type Exported,
  type ExportFormat,
  type ExportProgress,
  type ExportRequest,
  FORMATS,
  saveFile,
} from '../../api/audit-export';
import { Page } from '../../ui/page';
import { Failure } from '../../ui/states';
import { useAction } from '../../ui/use-action';
import { TrailFilterBar, useTrailFilter } from './trail-filter';

const WORDS: Readonly<Record<ExportFormat, { label: string; description: string }>> = {
  bundle: { label: 'FHIR Bundle', description: 'One document, signed; the usual choice for a reviewer.' },
  ndjson: { label: 'NDJSON', description: 'An event a line, for large logs and other tools.' },
  csv: { label: 'CSV', description: 'A row an event, to look at in a spreadsheet.' },
  pdf: { label: 'PDF summary', description: 'One page of counts, without the events.' },
};

export default function ExportsPage() {
  const [filter, change] = useTrailFilter();
  const [format, setFormat] = useState<ExportFormat>('bundle');
  const [progress, setProgress] = useState<ExportProgress>();
  const [rest, setRest] = useState<ExportRequest>();
  const stop = useRef<AbortController>(undefined);
  const task = useAction({
    mutationFn: async (asked: ExportRequest) => {
      stop.current = new AbortController();
      setProgress({ bytes: asked.received?.bytes ?? 0, share: undefined });
      const file = await downloadExport(asked, setProgress, stop.current.signal);
      saveFile(file);
      return file;
    },
    onSuccess: () => setRest(undefined),
    onError: (error) => {
      if (error instanceof BrokenOff) setRest(error.rest);
    },
    onSettled: () => setProgress(undefined),
  });
  const isBroken = task.error instanceof BrokenOff;
  return (
    <Page
      title="Exports"
      lead="A file that proves itself: each event carries its place in the log, and the whole is signed. Making one is itself recorded."
    >
      <Card>
        <Stack>
          <TrailFilterBar filter={filter} onChange={change} />
          <Radio.Group label="Format" value={format} onChange={(value) => setFormat(value as ExportFormat)}>
            <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs" mt={6}>
              {FORMATS.map((each) => (
                <Radio key={each} value={each} {...WORDS[each]} />
              ))}
            </SimpleGrid>
          </Radio.Group>
          {progress !== undefined && <Underway progress={progress} />}
          {task.isError && !isBroken && <Failure error={task.error} />}
          <Group justify="flex-end">
            {task.isPending && (
              <Button
                variant="default"
                leftSection={<IconPlayerStop size={17} />}
                onClick={() => stop.current?.abort()}
              >
                Stop
              </Button>
            )}
            <Button
              leftSection={<IconFileExport size={17} />}
              loading={task.isPending}
              onClick={() => task.mutate({ format, filter })}
            >
              Export
            </Button>
          </Group>
        </Stack>
      </Card>
      {rest !== undefined && !task.isPending && (
        <Unfinished
          rest={rest}
          isStopped={task.error instanceof BrokenOff && task.error.isStopped}
          onContinue={() => task.mutate(rest)}
        />
      )}
      {task.data !== undefined && <Saved file={task.data} />}
    </Page>
  );
}

interface UnfinishedProps {
  rest: ExportRequest;
  isStopped: boolean;
  onContinue: () => void;
}

/** An export that ended too early: it goes on where it can, with the filter and format that it began with. */
function Unfinished({ rest: { format, received }, isStopped, onContinue }: UnfinishedProps) {
  return (
    <Alert
      color="orange"
      role="alert"
      icon={<IconPlugConnectedX size={20} />}
      title={isStopped ? 'The export was stopped' : 'The export broke off'}
    >
      <Text size="sm">
        {received === undefined
          ? `Nothing of it is kept: a ${WORDS[format].label} is taken from its beginning.`
          : `${sizeOf(received.bytes)} are here, up to event ${received.after}. It can go on from there, on the same state of the log.`}
      </Text>
      <Button mt="sm" size="xs" onClick={onContinue}>
        {received === undefined ? 'Start again' : 'Continue'}
      </Button>
    </Alert>
  );
}

const PERCENT = new Intl.NumberFormat(undefined, { style: 'percent' });

function Underway({ progress: { bytes, share } }: { progress: ExportProgress }) {
  return (
    <div role="status">
      <Progress value={(share ?? 0) * 100} animated aria-label="Part of the log that has been gone through" />
      <Text size="sm" c="dimmed" mt={4}>
        {share === undefined ? 'Collecting' : `${PERCENT.format(share)} of the log`}, {sizeOf(bytes)} received
      </Text>
    </div>
  );
}

function Saved({ file: { name, content } }: { file: Exported }) {
  return (
    <Alert color="green" icon={<IconCircleCheck size={20} />} title="Exported" role="status">
      <Text size="sm">
        {name} ({sizeOf(content.size)}) is among your downloads.
        {!name.endsWith('.pdf') &&
          ' Anybody can check it without this server, with Node.js and the verifier:'}
      </Text>
      {!name.endsWith('.pdf') && (
        <Code block mt="xs" tabIndex={0}>
          {`node dist/audit/verify/main.js ${name} --key keys.json`}
        </Code>
      )}
    </Alert>
  );
}

function sizeOf(bytes: number): string {
  if (bytes < 1_000_000) return `${Math.ceil(bytes / 1_000).toLocaleString()} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
