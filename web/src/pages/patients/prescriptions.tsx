import { IconPill } from '@tabler/icons-react';
import type { ListedPrescription } from '../../api/prescriptions';
import { Empty } from '../../ui/states';
import { PrescriptionTable } from '../prescriptions/table';

export function PatientPrescriptions({ prescriptions }: { prescriptions: readonly ListedPrescription[] }) {
  if (prescriptions.length === 0) return <Empty icon={IconPill} title="No prescriptions" />;
  return <PrescriptionTable prescriptions={prescriptions} isOfOnePatient />;
}
