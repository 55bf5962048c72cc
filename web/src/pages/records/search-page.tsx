import { Anchor, Card, Select, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useLocation, useParams } from 'wouter';
import { abilitiesQuery, type TypeAbility } from '../../api/fhir';
import { Link } from '../../app/link';
import { Page } from '../../ui/page';
import { Await, Empty } from '../../ui/states';
import { TypeSearch } from './type-search';
import { IconMapQuestion } from '@tabler/icons-react';

/** Types that most come for. */
const OFTEN: readonly { type: string; about: string }[] = [
  { type: 'Patient', about: 'Who is cared for' },
  { type: 'Encounter', about: 'Visits' },
  { type: 'Condition', about: 'Problems and diagnoses' },
  { type: 'Observation', about: 'Findings and results' },
  { type: 'MedicationRequest', about: 'Prescriptions' },
  { type: 'Appointment', about: 'Booked times' },
  { type: 'ServiceRequest', about: 'Referrals and orders' },
  { type: 'Task', about: 'What is to be done' },
  { type: 'Practitioner', about: 'Clinicians' },
  { type: 'Organization', about: 'Practices, payers, pharmacies' },
  { type: 'Location', about: 'Places' },
  { type: 'Composition', about: 'Clinical notes' },
];

export default function RecordsPage() {
  const { type } = useParams<{ type?: string }>();
  const abilities = useQuery(abilitiesQuery);
  return (
    <Page
      title={type ?? 'FHIR browser'}
      lead="The record as the FHIR R4 endpoint shows it to you. The form is made of what the server declares."
      actions={abilities.data !== undefined && <ChooseType all={abilities.data} type={type} />}
      {...(type !== undefined && { back: { to: '/records', label: 'FHIR browser' } })}
    >
      <Await query={abilities}>{(all) => <OfType all={all} type={type} />}</Await>
    </Page>
  );
}

interface OfTypeProps {
  all: readonly TypeAbility[];
  type: string | undefined;
}

function ChooseType({ all, type }: OfTypeProps) {
  const [, navigate] = useLocation();
  return (
    <Select
      aria-label="Resource type"
      placeholder={`One of ${all.length} types`}
      searchable
      w={260}
      data={all.map((each) => each.type)}
      value={type ?? null}
      onChange={(chosen) => chosen !== null && navigate(`/records/${chosen}`)}
      allowDeselect={false}
    />
  );
}

function OfType({ all, type }: OfTypeProps) {
  const ability = all.find((each) => each.type === type);
  if (ability !== undefined) return <TypeSearch key={ability.type} ability={ability} />;
  return type === undefined ? (
    <Often />
  ) : (
    <Empty icon={IconMapQuestion} title={`This server knows no type "${type}"`}>
      Choose one of the list.
    </Empty>
  );
}

function Often() {
  return (
    <Stack gap="sm" component="section" aria-label="Often used">
      <Title order={2}>Often used</Title>
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 4 }}>
        {OFTEN.map(({ type, about }) => (
          <Card key={type} component={Link} to={`/records/${type}`} className="tile" padding="sm">
            <Text fw={600} size="sm" className="mono">
              {type}
            </Text>
            <Text size="sm" c="dimmed">
              {about}
            </Text>
          </Card>
        ))}
      </SimpleGrid>
      <Text size="sm" c="dimmed">
        All that the server can do is in <Anchor href="/fhir/R4/metadata">its CapabilityStatement</Anchor>.
      </Text>
    </Stack>
  );
}
