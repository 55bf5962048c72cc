import { ActionIcon, Button, Group, NativeSelect, Text, TextInput, Title } from '@mantine/core';
import { IconCalendarOff, IconChevronLeft, IconChevronRight, IconUserOff } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'wouter';
import {
  type Day,
  dayQuery,
  nameOf,
  ownOf,
  type Provider,
  providersQuery,
  zoneQuery,
} from '../../api/schedule';
import type { User } from '../../api/session';
import { useUser } from '../../app/session';
import { Page } from '../../ui/page';
import { Await, Empty } from '../../ui/states';
import { DayView } from './day-view';
import { dayAfter, longDay, nowIn, zoneName } from './days';

export default function SchedulePage() {
  const providers = useQuery(providersQuery);
  return (
    <Page title="Schedule" lead="Times are those of the place, wherever you are.">
      <Await query={providers}>
        {(all) =>
          all.length === 0 ? (
            <Empty icon={IconUserOff} title="The clinic has no providers yet">
              They are added through the API, and verified by the operator.
            </Empty>
          ) : (
            <ProviderDay providers={all} />
          )
        }
      </Await>
    </Page>
  );
}

/** Provider, place and day stand in the address; the user's own day comes first. */
function ProviderDay({ providers }: { providers: readonly Provider[] }) {
  const user = useUser();
  const [address, setAddress] = useSearchParams();
  const provider = chosenOf(providers, address.get('provider'), user);
  const place = address.get('place') ?? provider?.locations[0];
  const date = address.get('date') ?? undefined;
  const day = useQuery({ ...dayQuery(provider?.id ?? '', date, place), enabled: provider !== undefined });
  const zone = useQuery({ ...zoneQuery(place ?? ''), enabled: place !== undefined });
  if (provider === undefined) return null;
  const show = (next: Record<string, string | undefined>): void => {
    const all = { provider: provider.id, place, date, ...next };
    setAddress(
      Object.fromEntries(Object.entries(all).flatMap(([name, value]) => (value ? [[name, value]] : []))),
    );
  };
  return (
    <>
      <Group align="flex-end">
        <NativeSelect
          label="Provider"
          data={providers.map((each) => ({ value: each.id, label: nameOf(each) }))}
          value={provider.id}
          onChange={({ currentTarget }) => show({ provider: currentTarget.value, place: undefined })}
        />
        {provider.locations.length > 0 && (
          <NativeSelect
            label="Place"
            data={provider.locations}
            value={place ?? ''}
            onChange={({ currentTarget }) => show({ place: currentTarget.value })}
          />
        )}
        <DayChoice date={day.data?.date ?? date ?? ''} onChange={(next) => show({ date: next })} />
      </Group>
      <Await query={day}>{(found) => <OneDay day={found} zone={zone.data ?? 'UTC'} />}</Await>
    </>
  );
}

function chosenOf(providers: readonly Provider[], asked: string | null, user: User): Provider | undefined {
  return providers.find(({ id }) => id === asked) ?? ownOf(providers, user) ?? providers[0];
}

function DayChoice({ date, onChange }: { date: string; onChange: (date: string | undefined) => void }) {
  const move = (days: number): void => onChange(dayAfter(date, days));
  return (
    <Group gap="xs" align="flex-end" wrap="nowrap">
      <ActionIcon
        variant="default"
        size={36}
        aria-label="Previous day"
        disabled={date === ''}
        onClick={() => move(-1)}
      >
        <IconChevronLeft size={18} />
      </ActionIcon>
      <TextInput
        label="Day"
        type="date"
        value={date}
        onChange={({ currentTarget }) => currentTarget.value !== '' && onChange(currentTarget.value)}
      />
      <ActionIcon
        variant="default"
        size={36}
        aria-label="Next day"
        disabled={date === ''}
        onClick={() => move(1)}
      >
        <IconChevronRight size={18} />
      </ActionIcon>
      <Button variant="default" onClick={() => onChange(undefined)}>
        Today
      </Button>
    </Group>
  );
}

function OneDay({ day, zone }: { day: Day; zone: string }) {
  const { date, location, schedule } = day;
  const { appointments, availableSlots, workingHours } = schedule;
  const now = nowIn(zone);
  const isEmpty = workingHours === null && appointments.length === 0 && availableSlots.length === 0;
  return (
    <section aria-label="Day">
      <Title order={2}>{longDay(date)}</Title>
      <Text size="sm" c="dimmed" mb="sm" role="status">
        {workingHours === null ? 'Not working' : `Working ${workingHours.start} to ${workingHours.end}`},{' '}
        {appointments.length} {appointments.length === 1 ? 'appointment' : 'appointments'},{' '}
        {availableSlots.length} free.{' '}
        {location === null ? zoneName(zone, date) : `${location}, ${zoneName(zone, date)}`}.
      </Text>
      {isEmpty ? (
        <Empty icon={IconCalendarOff} title="Nothing on this day">
          The provider does not work at this place then.
        </Empty>
      ) : (
        <DayView day={day} now={now.date === date ? now.minute : undefined} />
      )}
    </section>
  );
}
