import { Alert, Anchor, Badge, Button, Card, Group, Stack, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconRefreshDot, IconSend } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useParams } from 'wouter';
import { useHistoryState } from 'wouter/use-browser-location';
import {
  type ListedPrescription,
  type PrescriptionDetail,
  prescriptionQuery,
  type Transmission,
} from '../../api/prescriptions';
import { Link } from '../../app/link';
import { mayPrescribe, mayWrite } from '../../app/rights';
import { useUser } from '../../app/session';
import { Fact, Facts } from '../../ui/facts';
import { Page } from '../../ui/page';
import { Await } from '../../ui/states';
import { CalendarDate, Time } from '../../ui/time';
import { nameFrom, wordsOf } from '../../ui/words';
import { RefillRequestDialog } from './refill-request';
import { SendDialog } from './send';
import { PrescriptionStatusBadge } from './status';

export default function PrescriptionPage() {
  const { id = '' } = useParams<{ id: string }>();
  return <Await query={useQuery(prescriptionQuery(id))}>{(found) => <View found={found} />}</Await>;
}

function View({ found }: { found: PrescriptionDetail }) {
  const { listed, written, transmissions } = found;
  const { id, rxNumber, sig, status } = written;
  return (
    <Page
      back={{ to: '/prescriptions', label: 'Prescriptions' }}
      title={
        <Group component="span" gap="sm">
          {listed.medication ?? 'Prescription'} <PrescriptionStatusBadge status={status} />
        </Group>
      }
      lead={
        <>
          {rxNumber !== null && `${rxNumber} · `}
          <Anchor component={Link} to={`/records/MedicationRequest/${id.slice('rx_'.length)}`} inherit>
            FHIR record
          </Anchor>
        </>
      }
      actions={<Actions found={found} />}
    >
      <Unsent isSent={transmissions.length > 0} />
      <Card>
        <Stack gap="lg">
          <Text fz="lg">{sig}</Text>
          <WrittenFacts found={found} />
        </Stack>
      </Card>
      <Sent transmissions={transmissions} />
    </Page>
  );
}

function Actions({ found: { listed, written, transmissions } }: { found: PrescriptionDetail }) {
  const user = useUser();
  const [isSending, send] = useDisclosure(false);
  const [asked, setAsked] = useState<ListedPrescription>();
  if (written.status !== 'active') return null;
  const isSent = transmissions.some(({ status }) => status === 'transmitted');
  return (
    <>
      {mayPrescribe(user) && (
        <Button
          variant={isSent ? 'default' : 'filled'}
          leftSection={<IconSend size={17} />}
          onClick={send.open}
        >
          {isSent ? 'Send again' : 'Send to a pharmacy'}
        </Button>
      )}
      {mayWrite(user) && (
        <Button variant="default" leftSection={<IconRefreshDot size={17} />} onClick={() => setAsked(listed)}>
          Ask for a refill
        </Button>
      )}
      <SendDialog id={written.id} opened={isSending} onClose={send.close} />
      <RefillRequestDialog prescription={asked} onClose={() => setAsked(undefined)} />
    </>
  );
}

/** Told by the form that led here, when the pharmacy could not be reached. */
function Unsent({ isSent }: { isSent: boolean }) {
  const told = useHistoryState<{ unsent?: string } | null>()?.unsent;
  if (told === undefined || isSent) return null;
  return (
    <Alert color="orange" role="alert" title="It is signed, but it was not sent" maw={640}>
      {told} Send it again when the pharmacy can be reached.
    </Alert>
  );
}

function WrittenFacts({ found: { listed, written } }: { found: PrescriptionDetail }) {
  const { quantity, quantityUnit, daysSupply, refills, medication, indication, icd10Code, notes } = written;
  const drug = [medication?.genericName, medication?.manufacturer].filter(Boolean).join(', ');
  return (
    <Facts>
      <Fact name="Patient">
        <Anchor component={Link} to={`/patients/${written.patientId ?? ''}`} inherit>
          {nameFrom([listed.patient])}
        </Anchor>
      </Fact>
      <Fact name="Prescriber">{listed.provider ?? '–'}</Fact>
      <Fact name="Signed">
        {written.eSigned ? <Time at={written.eSignedAt} /> : 'not by the prescriber’s own user'}
      </Fact>
      <Fact name="Valid until">
        <Time at={written.expirationDate} />
      </Fact>
      <Fact name="Quantity">
        {quantity ?? '–'} {quantityUnit}
        {daysSupply !== null && `, for ${daysSupply} days`}
      </Fact>
      <Fact name="Refills">
        {listed.refillsRemaining} of {refills ?? 0} left
      </Fact>
      <Fact name="Last filled">
        <CalendarDate date={listed.lastFilled} none="not yet" />
      </Fact>
      <Fact name="Equivalent">{written.substitutionAllowed === false ? 'not allowed' : 'allowed'}</Fact>
      {drug !== '' && <Fact name="Drug">{drug}</Fact>}
      {written.deaSchedule !== null && <Fact name="Controlled">schedule {written.deaSchedule}</Fact>}
      {(indication ?? icd10Code) !== null && (
        <Fact name="Indication">{[indication, icd10Code].filter(Boolean).join(', ')}</Fact>
      )}
      {notes !== null && <Fact name="Note">{notes}</Fact>}
    </Facts>
  );
}

function Sent({ transmissions }: { transmissions: readonly Transmission[] }) {
  return (
    <Stack gap="sm" component="section" aria-label="Sent">
      <Title order={2}>Sent</Title>
      {transmissions.length === 0 && (
        <Text size="sm" c="dimmed">
          Not to any pharmacy yet.
        </Text>
      )}
      {transmissions.map((each) => (
        <Card key={each.transmissionId} component="article" padding="md">
          <Group justify="space-between" mb="xs">
            <div>
              <Text fw={600}>{each.sentTo?.name ?? 'A pharmacy'}</Text>
              <Text size="sm" c="dimmed">
                {each.sentTo?.address}
              </Text>
            </div>
            <Badge color={each.status === 'failed' ? 'red' : each.pharmacyAcknowledged ? 'green' : 'blue'}>
              {each.status === 'failed' ? 'failed' : each.pharmacyAcknowledged ? 'acknowledged' : 'sent'}
            </Badge>
          </Group>
          <Facts>
            <Fact name="Sent">
              <Time at={each.sentAt} />
            </Fact>
            <Fact name="By">{wordsOf(each.method)}</Fact>
            <Fact name="Ready">
              <Time at={each.estimatedReadyTime} none="not known" />
            </Fact>
            <Fact name="Confirmation">{each.confirmationNumber ?? '–'}</Fact>
          </Facts>
        </Card>
      ))}
    </Stack>
  );
}
