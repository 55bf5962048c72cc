import { Badge, Card, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Patient } from '../../api/patients';
import { Fact, Facts } from '../../ui/facts';
import { Tags } from '../../ui/tags';
import { Time } from '../../ui/time';

/** Who the patient is, and what has to be known at a glance. */
export function Chart({ patient }: { patient: Patient }) {
  const { allergies, medications, conditions, lastVisit, nextAppointment, provider } = patient;
  return (
    <Stack>
      <Card>
        <Facts>
          <Fact name="Provider">{provider?.name ?? '–'}</Fact>
          <Fact name="Last visit">
            <Time at={lastVisit} none="none yet" />
          </Fact>
          <Fact name="Next appointment">
            <Time at={nextAppointment} none="none booked" />
          </Fact>
          <Fact name="In the record since">
            <Time at={patient.createdAt} />
          </Fact>
        </Facts>
      </Card>
      <SimpleGrid cols={{ base: 1, md: 3 }}>
        <Listed title="Allergies" items={allergies} color="red" none="None known" />
        <Listed title="Medications" items={medications} color="blue" none="None known" />
        <Listed title="Conditions" items={conditions} color="orange" none="None known" />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, md: 3 }}>
        <Contact patient={patient} />
        <EmergencyContact patient={patient} />
        <Insurance patient={patient} />
      </SimpleGrid>
    </Stack>
  );
}

interface ListedProps {
  title: string;
  items: readonly string[];
  color: string;
  none: string;
}

function Listed({ title, items, color, none }: ListedProps) {
  return (
    <Section title={title}>
      {items.length === 0 ? (
        <Text size="sm" c="dimmed">
          {none}
        </Text>
      ) : (
        <Tags label={title} items={items} color={color} />
      )}
    </Section>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card component="section" aria-label={title}>
      <Title order={2} mb="sm">
        {title}
      </Title>
      {children}
    </Card>
  );
}

function Contact({ patient: { email, phone, address } }: { patient: Patient }) {
  const { street, city, state, zipCode } = address ?? {};
  const place = [street, city, [state, zipCode].filter(Boolean).join(' ')].filter(Boolean).join(', ');
  return (
    <Section title="Contact">
      <Facts columns={1}>
        <Fact name="Phone">{phone ?? '–'}</Fact>
        <Fact name="E-mail">{email ?? '–'}</Fact>
        <Fact name="Address">{place === '' ? '–' : place}</Fact>
      </Facts>
    </Section>
  );
}

function EmergencyContact({ patient: { emergencyContact } }: { patient: Patient }) {
  const { name, relationship, phone } = emergencyContact ?? {};
  return (
    <Section title="In an emergency">
      <Facts columns={1}>
        <Fact name="Call">{name ?? '–'}</Fact>
        <Fact name="Relationship">{relationship ?? '–'}</Fact>
        <Fact name="Phone">{phone ?? '–'}</Fact>
      </Facts>
    </Section>
  );
}

function Insurance({ patient: { insurance } }: { patient: Patient }) {
  const { provider, memberId, groupNumber, copay, verified, verifiedAt } = insurance ?? {};
  return (
    <Section title="Insurance">
      <Facts columns={1}>
        <Fact name="Payer">
          {provider ?? 'none'}{' '}
          {provider !== undefined && (
            <Badge color={verified === true ? 'green' : 'gray'}>
              {verified === true ? 'verified' : 'not verified'}
            </Badge>
          )}
        </Fact>
        <Fact name="Member, group">{[memberId, groupNumber].filter(Boolean).join(', ') || '–'}</Fact>
        <Fact name="Copay">
          {typeof copay === 'number'
            ? copay.toLocaleString(undefined, { style: 'currency', currency: 'USD' })
            : '–'}
        </Fact>
        {typeof verifiedAt === 'string' && (
          <Fact name="Verified">
            <Time at={verifiedAt} />
          </Fact>
        )}
      </Facts>
    </Section>
  );
}
