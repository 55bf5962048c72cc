import { Box } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQueryClient } from '@tanstack/react-query';
import { useLocation } from 'wouter';
import { createPatient, PATIENTS } from '../../api/patients';
import { Page } from '../../ui/page';
import { PageForm } from '../../ui/page-form';
import { checkNew, type Draft, EMPTY, fieldsOf } from './draft';
import { PatientFieldset } from './fields';

export default function NewPatientPage() {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const form = useForm<Draft>({ initialValues: EMPTY, validate: checkNew });
  const create = (draft: Draft) => {
    const { consentToTreat, hipaaConsent } = draft;
    return createPatient({ ...fieldsOf(draft), consentToTreat, hipaaConsent });
  };
  const done = async ({ id }: { id: string }): Promise<void> => {
    await queries.invalidateQueries({ queryKey: PATIENTS });
    navigate(`/patients/${id}`, { replace: true });
  };
  return (
    <Page
      back={{ to: '/patients', label: 'Patients' }}
      title="New patient"
      lead="Name, date of birth and both consents open a record; the rest can follow."
    >
      <Box maw={860}>
        <PageForm form={form} send={create} onSent={done} verb="Add patient" back="/patients">
          <PatientFieldset form={form} isNew />
        </PageForm>
      </Box>
    </Page>
  );
}
