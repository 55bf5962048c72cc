import { Alert, Box } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useLocation, useSearchParams } from 'wouter';
import { type Patient, PATIENTS, patientQuery } from '../../api/patients';
import { createPrescription, PRESCRIPTIONS, sendPrescription } from '../../api/prescriptions';
import { ownOf, type Provider, providersQuery } from '../../api/schedule';
import { useUser } from '../../app/session';
import { Page } from '../../ui/page';
import { PageForm } from '../../ui/page-form';
import { Await } from '../../ui/states';
import { PatientSelect } from '../patients/patient-select';
import { bodyOf, checkDraft, type Draft, emptyDraft, given } from './draft';
import { DirectionFields, MedicationFields, ReasonFields, SendFields } from './fields';
import { PatientAside } from './patient-aside';

export default function NewPrescriptionPage() {
  const [address, setAddress] = useSearchParams();
  const patientId = address.get('patient');
  return (
    <Page
      back={
        patientId === null
          ? { to: '/prescriptions', label: 'Prescriptions' }
          : { to: `/patients/${patientId}?tab=prescriptions`, label: 'Patient' }
      }
      title="New prescription"
      lead="It is active once it is signed."
    >
      {patientId === null ? (
        <Box maw={480}>
          <PatientSelect onChange={(patient) => setAddress({ patient }, { replace: true })} />
        </Box>
      ) : (
        <ForPatient key={patientId} id={patientId} />
      )}
    </Page>
  );
}

function ForPatient({ id }: { id: string }) {
  const patient = useQuery(patientQuery(id));
  const providers = useQuery(providersQuery);
  return (
    <Await query={patient}>
      {(found) =>
        found.status === 'inactive' ? (
          <Alert color="orange" title="The patient is inactive" maw={640}>
            Nothing can be prescribed until the patient is active again.
          </Alert>
        ) : (
          <Await query={providers}>
            {(all) => (
              <div className="beside">
                <PrescriptionForm patient={found} providers={all} />
                <PatientAside patient={found} />
              </div>
            )}
          </Await>
        )
      }
    </Await>
  );
}

/** What was signed, and why it could not be sent when it could not. */
interface Signed {
  id: string;
  unsent?: string;
}

async function signAndSend(draft: Draft, patientId: string): Promise<Signed> {
  const { id } = await createPrescription(bodyOf(draft, patientId));
  const { pharmacyId, pharmacyNotes } = draft;
  if (pharmacyId === '') return { id };
  // From here on it exists: a failure to send it must not have it written twice.
  return sendPrescription(id, { pharmacyId, ...given({ pharmacyNotes }) }).then(
    () => ({ id }),
    (error: unknown) => ({ id, unsent: error instanceof Error ? error.message : 'It was not taken over.' }),
  );
}

function PrescriptionForm({ patient, providers }: { patient: Patient; providers: readonly Provider[] }) {
  const user = useUser();
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const form = useForm<Draft>({
    initialValues: emptyDraft((ownOf(providers, user) ?? providers[0])?.id ?? ''),
    validate: checkDraft,
  });
  const done = async ({ id, unsent }: Signed): Promise<void> => {
    for (const queryKey of [PRESCRIPTIONS, PATIENTS]) await queries.invalidateQueries({ queryKey });
    navigate(`/prescriptions/${id}`, { replace: true, state: { unsent } });
  };
  return (
    <PageForm
      form={form}
      send={(draft) => signAndSend(draft, patient.id)}
      onSent={done}
      verb={form.values.pharmacyId === '' ? 'Sign' : 'Sign and send'}
      back={`/patients/${patient.id}?tab=prescriptions`}
    >
      <MedicationFields form={form} />
      <DirectionFields form={form} />
      <ReasonFields form={form} />
      <SendFields form={form} providers={providers} user={user} />
    </PageForm>
  );
}
