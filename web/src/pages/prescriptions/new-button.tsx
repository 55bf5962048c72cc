import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { Link } from '../../app/link';
import { mayPrescribe } from '../../app/rights';
import { useUser } from '../../app/session';

/** The way to a new prescription, of a patient when given; only prescribers see it. */
export function NewPrescriptionButton({ patientId }: { patientId?: string }) {
  if (!mayPrescribe(useUser())) return null;
  return (
    <Button
      component={Link}
      to={`/prescriptions/new${patientId === undefined ? '' : `?patient=${patientId}`}`}
      leftSection={<IconPlus size={17} />}
    >
      New prescription
    </Button>
  );
}
