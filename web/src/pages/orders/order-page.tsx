import { Anchor, Badge, Button, Card, Group, SimpleGrid, Stack, Text, Timeline, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconCheck, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useParams } from 'wouter';
import { type Order, orderQuery } from '../../api/orders';
import { Link } from '../../app/link';
import { mayFulfil, mayWrite } from '../../app/rights';
import { useUser } from '../../app/session';
import { Fact, Facts } from '../../ui/facts';
import { Page } from '../../ui/page';
import { Await } from '../../ui/states';
import { Time } from '../../ui/time';
import { nameFrom, wordsOf } from '../../ui/words';
import { CancelOrder, FulfilOrder } from './decide';
import { OrderStatusBadge } from './status';

export default function OrderPage() {
  const { id = '' } = useParams<{ id: string }>();
  return <Await query={useQuery(orderQuery(id))}>{(order) => <OrderView order={order} />}</Await>;
}

function OrderView({ order }: { order: Order }) {
  const { id, orderNumber, type, status } = order;
  const user = useUser();
  const [isFulfilling, fulfil] = useDisclosure(false);
  const [isCancelling, cancel] = useDisclosure(false);
  const isOpen = status === 'pending' || status === 'processing';
  return (
    <Page
      back={{ to: '/orders', label: 'Orders' }}
      title={
        <Group component="span" gap="sm">
          {orderNumber ?? 'Order'} <OrderStatusBadge status={status} />
        </Group>
      }
      lead={`${wordsOf(type)}, ${order.priority}`}
      actions={
        isOpen && (
          <>
            {mayFulfil(user) && (
              <Button leftSection={<IconCheck size={17} />} onClick={fulfil.open}>
                Fulfil
              </Button>
            )}
            {mayWrite(user) && (
              <Button variant="default" leftSection={<IconX size={17} />} onClick={cancel.open}>
                Cancel order
              </Button>
            )}
          </>
        )
      }
    >
      <People order={order} />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Items order={order} />
        <Steps order={order} />
      </SimpleGrid>
      <FulfilOrder id={id} opened={isFulfilling} onClose={fulfil.close} />
      <CancelOrder id={id} opened={isCancelling} onClose={cancel.close} />
    </Page>
  );
}

function People({ order: { patient, provider, pharmacy, createdAt } }: { order: Order }) {
  return (
    <Card>
      <Facts>
        <Fact name="Patient">
          {typeof patient?.id === 'string' ? (
            <Anchor component={Link} to={`/patients/${patient.id}`} inherit>
              {nameFrom([patient.name])}
            </Anchor>
          ) : (
            '–'
          )}
        </Fact>
        <Fact name="Ordered by">{provider?.name ?? '–'}</Fact>
        <Fact name="Pharmacy">
          {pharmacy?.name ?? '–'}{' '}
          {pharmacy !== null && <Badge color="gray">{wordsOf(pharmacy.status).toLowerCase()}</Badge>}
        </Fact>
        <Fact name="Ordered">
          <Time at={createdAt} />
        </Fact>
      </Facts>
    </Card>
  );
}

function Items({ order: { items } }: { order: Order }) {
  return (
    <Card component="section" aria-label="Items">
      <Title order={2} mb="sm">
        Items
      </Title>
      <Stack component="ul" gap="sm" m={0} p={0} style={{ listStyle: 'none' }}>
        {items.map(({ id, name, quantity, refills, status, prescriptionId }) => (
          <li key={id}>
            <Group justify="space-between" gap="xs">
              {prescriptionId === null ? (
                <Text fw={500}>{name}</Text>
              ) : (
                <Anchor component={Link} to={`/prescriptions/${prescriptionId}`} fw={500}>
                  {name}
                </Anchor>
              )}
              <Badge color={status === 'fulfilled' ? 'green' : 'gray'}>{wordsOf(status).toLowerCase()}</Badge>
            </Group>
            <Text size="sm" c="dimmed">
              {quantity !== null && `Quantity ${quantity}`}
              {refills !== null && `, ${refills} refills`}
            </Text>
          </li>
        ))}
      </Stack>
    </Card>
  );
}

function Steps({ order: { statusHistory } }: { order: Order }) {
  return (
    <Card component="section" aria-label="What happened">
      <Title order={2} mb="sm">
        What happened
      </Title>
      <Timeline bulletSize={16} lineWidth={2} active={statusHistory.length}>
        {statusHistory.map(({ status, timestamp, notes }, index) => (
          <Timeline.Item key={index} title={wordsOf(status)}>
            <Text size="sm" c="dimmed">
              <Time at={timestamp} />
              {notes !== null && ` · ${notes}`}
            </Text>
          </Timeline.Item>
        ))}
      </Timeline>
    </Card>
  );
}
