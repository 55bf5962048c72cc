import { Anchor, Card, Stack, Text, Title } from '@mantine/core';
import type { Patient } from '../../api/patients';
import { Link } from '../../app/link';
import { Tags } from '../../ui/tags';
import { CalendarDate } from '../../ui/time';
import { nameFrom } from '../../ui/words';

/** What a prescriber has to know of the patient while writing. */
export function PatientAside({ patient }: { patient: Patient }) {
  const { id, firstName, lastName, dateOfBirth, age, allergies, medications, prescriptions } = patient;
  const active = prescriptions.filter(({ status }) => status === 'active');
  return (
    <Card component="aside" aria-label="Patient" className="aside">
      <Stack gap="md">
        <div>
          <Anchor component={Link} to={`/patients/${id}`} fw={600}>
            {nameFrom([firstName, lastName])}
          </Anchor>
          <Text size="sm" c="dimmed">
            Born <CalendarDate date={dateOfBirth} />
            {age !== null && `, ${age} years`}
          </Text>
        </div>
        <Known title="Allergies" color="red" items={allergies} />
        <Known title="Takes" color="blue" items={medications} />
        <Known
          title="Prescribed now"
          color="gray"
          items={active.map(({ medication }) => medication ?? 'Medication not said')}
        />
        <Text size="xs" c="dimmed">
          Nothing here checks a drug against allergies or other drugs.
        </Text>
      </Stack>
    </Card>
  );
}

function Known({ title, color, items }: { title: string; color: string; items: readonly string[] }) {
  return (
    <div>
      <Title order={2} size="sm" mb={4}>
        {title}
      </Title>
      {items.length === 0 ? (
        <Text size="sm" c="dimmed">
          None known
        </Text>
      ) : (
        <Tags label={title} items={items} color={color} />
      )}
    </div>
  );
}
