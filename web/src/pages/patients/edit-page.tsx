import { Box } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocation, useParams } from 'wouter';
import { type Patient, PATIENTS, patientQuery, updatePatient } from '../../api/patients';
import { Page } from '../../ui/page';
import { PageForm } from '../../ui/page-form';
import { Await } from '../../ui/states';
import { nameFrom } from '../../ui/words';
import { changesOf, checkDraft, type Draft, draftOf } from './draft';
import { PatientFieldset } from './fields';

export default function EditPatientPage() {
  const { id = '' } = useParams<{ id: string }>();
  return <Await query={useQuery(patientQuery(id))}>{(found) => <EditForm patient={found} />}</Await>;
}

function EditForm({ patient: read }: { patient: Patient }) {
  // What was filled in is compared with how it began, whatever is read anew behind the form.
  const [patient] = useState(read);
  const { id, firstName, lastName } = patient;
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const form = useForm<Draft>({ initialValues: draftOf(patient), validate: checkDraft });
  const save = async (draft: Draft): Promise<void> => {
    const changes = changesOf(patient, draft);
    if (Object.keys(changes).length > 0) await updatePatient(id, changes);
  };
  const done = async (): Promise<void> => {
    await queries.invalidateQueries({ queryKey: PATIENTS });
    navigate(`/patients/${id}`, { replace: true });
  };
  return (
    <Page
      back={{ to: `/patients/${id}`, label: nameFrom([firstName, lastName]) }}
      title="Edit patient"
      lead="Only what you change is written; the version before stays in the history."
    >
      <Box maw={860}>
        <PageForm form={form} send={save} onSent={done} verb="Save" back={`/patients/${id}`}>
          <PatientFieldset form={form} isNew={false} />
        </PageForm>
      </Box>
    </Page>
  );
}
