import { Anchor, Button, Group } from '@mantine/core';
import { useState } from 'react';
import type { ListedPrescription } from '../../api/prescriptions';
import { Link } from '../../app/link';
import { mayWrite } from '../../app/rights';
import { useUser } from '../../app/session';
import { type Column, DataTable } from '../../ui/data-table';
import { CalendarDate } from '../../ui/time';
import { RefillRequestDialog } from './refill-request';
import { PrescriptionStatusBadge } from './status';

const COLUMNS: readonly Column<ListedPrescription>[] = [
  {
    header: 'Medication',
    width: '13rem',
    cell: ({ id, medication, rxNumber }) => (
      <Anchor component={Link} to={`/prescriptions/${id}`} size="sm" title={medication ?? undefined}>
        {medication ?? rxNumber ?? 'Medication not said'}
      </Anchor>
    ),
  },
  { header: 'Patient', cell: ({ patient }) => patient ?? '–' },
  { header: 'Prescriber', cell: ({ provider }) => provider ?? '–', wide: true },
  {
    header: 'Status',
    width: '6.6rem',
    cell: ({ status }) => <PrescriptionStatusBadge status={status} />,
    wide: true,
  },
  {
    header: 'Written',
    width: '8.3rem',
    cell: ({ writtenDate }) => <CalendarDate date={writtenDate} />,
    wide: true,
  },
  {
    header: 'Filled',
    width: '8.3rem',
    cell: ({ lastFilled }) => <CalendarDate date={lastFilled} none="not yet" />,
    wide: true,
  },
];

interface PrescriptionTableProps {
  prescriptions: readonly ListedPrescription[];
  /** Without the patient's name, where the page has it. */
  isOfOnePatient?: boolean;
}

export function PrescriptionTable({ prescriptions, isOfOnePatient = false }: PrescriptionTableProps) {
  const user = useUser();
  const [asked, setAsked] = useState<ListedPrescription>();
  const shown = COLUMNS.filter(({ header }) => !(isOfOnePatient && header === 'Patient'));
  const refills: Column<ListedPrescription> = {
    header: 'Refills',
    width: '8rem',
    wide: !isOfOnePatient,
    cell: (prescription) => (
      <Group gap="xs" wrap="nowrap" justify="space-between">
        {`${prescription.refillsRemaining} left`}
        {prescription.status === 'active' && mayWrite(user) && (
          <Button
            size="compact-xs"
            variant="default"
            onClick={() => setAsked(prescription)}
            aria-label={`Ask for a refill of ${prescription.medication ?? ''}`}
          >
            Ask
          </Button>
        )}
      </Group>
    ),
  };
  return (
    <>
      <DataTable
        label="Prescriptions"
        columns={[...shown, refills]}
        rows={prescriptions}
        rowKey={({ id }) => id}
      />
      <RefillRequestDialog prescription={asked} onClose={() => setAsked(undefined)} />
    </>
  );
}
