import './records.css';
import { Alert, Button, Card, CopyButton, Group, Stack, Tabs } from '@mantine/core';
import { IconCheck, IconCopy, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useParams, useSearchParams } from 'wouter';
import { ApiError } from '../../api/client';
import { resourceQuery, type Stored } from '../../api/fhir';
import { Page } from '../../ui/page';
import { Await } from '../../ui/states';
import { HistoryView } from './history-view';
import { titleOf } from './outline';
import { ResourceView } from './resource-view';
import { JsonBlock } from './values';

const TABS = ['fields', 'json', 'history'];

export default function ResourcePage() {
  const { type = '', id = '' } = useParams<{ type: string; id: string }>();
  const resource = useQuery(resourceQuery(type, id));
  const [search, setSearch] = useSearchParams();
  const isGone = resource.error instanceof ApiError && resource.error.status === 410;
  const asked = TABS.find((each) => each === search.get('tab')) ?? 'fields';
  const tab = isGone ? 'history' : asked;
  const title = resource.data === undefined ? '' : titleOf(resource.data);
  return (
    <Page
      back={{ to: `/records/${type}`, label: type }}
      title={title === '' ? type : title}
      lead={
        <span className="mono">
          {type}/{id}
        </span>
      }
    >
      <Tabs
        value={tab}
        onChange={(value) =>
          setSearch(value === 'fields' || value === null ? {} : { tab: value }, { replace: true })
        }
        keepMounted={false}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="fields" disabled={isGone}>
            Fields
          </Tabs.Tab>
          <Tabs.Tab value="json" disabled={isGone}>
            JSON
          </Tabs.Tab>
          <Tabs.Tab value="history">History</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="fields">
          <Await query={resource}>
            {(read) => (
              <Card py="xs">
                <ResourceView resource={read} />
              </Card>
            )}
          </Await>
        </Tabs.Panel>
        <Tabs.Panel value="json">
          <Await query={resource}>{(read) => <Json resource={read} />}</Await>
        </Tabs.Panel>
        <Tabs.Panel value="history">
          <Stack>
            {isGone && (
              <Alert color="orange" icon={<IconTrash size={20} />} title="It was deleted">
                Its earlier versions are kept.
              </Alert>
            )}
            <HistoryView type={type} id={id} />
          </Stack>
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function Json({ resource }: { resource: Stored }) {
  const json = JSON.stringify(resource, null, 2);
  return (
    <Stack gap="xs">
      <Group justify="flex-end">
        <CopyButton value={json}>
          {({ copied, copy }) => (
            <Button
              variant="default"
              size="xs"
              onClick={copy}
              leftSection={copied ? <IconCheck size={15} /> : <IconCopy size={15} />}
            >
              {copied ? 'Copied' : 'Copy'}
            </Button>
          )}
        </CopyButton>
      </Group>
      <JsonBlock json={json} />
    </Stack>
  );
}
