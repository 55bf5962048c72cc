import { Group, Stack } from '@mantine/core';
import { IconPill } from '@tabler/icons-react';
import type { Patient } from '../../api/patients';
import { mayPrescribe } from '../../app/rights';
import { useUser } from '../../app/session';
import { Empty } from '../../ui/states';
import { NewPrescriptionButton } from '../prescriptions/new-button';
import { PrescriptionTable } from '../prescriptions/table';

export function PatientPrescriptions({ patient: { id, status, prescriptions } }: { patient: Patient }) {
  const isPrescriber = mayPrescribe(useUser());
  const write = isPrescriber && status !== 'inactive' ? <NewPrescriptionButton patientId={id} /> : undefined;
  if (prescriptions.length === 0) return <Empty icon={IconPill} title="No prescriptions" action={write} />;
  return (
    <Stack>
      {write !== undefined && <Group justify="flex-end">{write}</Group>}
      <PrescriptionTable prescriptions={prescriptions} isOfOnePatient />
    </Stack>
  );
}
