import { Anchor, Button, Group, Tabs } from '@mantine/core';
import { IconPencil } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useParams, useSearchParams } from 'wouter';
import { type Patient, patientQuery } from '../../api/patients';
import { Link } from '../../app/link';
import { mayWrite } from '../../app/rights';
import { useUser } from '../../app/session';
import { Page } from '../../ui/page';
import { Await } from '../../ui/states';
import { CalendarDate } from '../../ui/time';
import { nameFrom } from '../../ui/words';
import { Appointments } from './appointments';
import { Chart } from './chart';
import { MedicalHistory } from './history';
import { Notes } from './notes';
import { PatientOrders } from './orders';
import { Photos } from './photos';
import { PatientPrescriptions } from './prescriptions';
import { PatientStatusBadge } from './status';

const TABS = [
  { value: 'chart', label: 'Chart' },
  { value: 'photos', label: 'Photos' },
  { value: 'notes', label: 'Notes' },
  { value: 'appointments', label: 'Appointments' },
  { value: 'prescriptions', label: 'Prescriptions' },
  { value: 'orders', label: 'Orders' },
  { value: 'history', label: 'History' },
];

export default function PatientPage() {
  const { id = '' } = useParams<{ id: string }>();
  return <Await query={useQuery(patientQuery(id))}>{(patient) => <PatientView patient={patient} />}</Await>;
}

function PatientView({ patient }: { patient: Patient }) {
  const { id, firstName, lastName, dateOfBirth, age, gender, status } = patient;
  const [search, setSearch] = useSearchParams();
  const user = useUser();
  return (
    <Page
      back={{ to: '/patients', label: 'Patients' }}
      title={
        <Group component="span" gap="sm">
          {nameFrom([firstName, lastName])} <PatientStatusBadge status={status} />
        </Group>
      }
      lead={
        <>
          Born <CalendarDate date={dateOfBirth} />
          {age !== null && `, ${age} years`}
          {gender !== null && `, ${gender}`} ·{' '}
          <Anchor component={Link} to={`/records/Patient/${id.slice('pat_'.length)}`} inherit>
            FHIR record
          </Anchor>
        </>
      }
      actions={
        mayWrite(user) && (
          <Button
            component={Link}
            to={`/patients/${id}/edit`}
            variant="default"
            leftSection={<IconPencil size={17} />}
          >
            Edit
          </Button>
        )
      }
    >
      <Tabs
        value={TABS.find(({ value }) => value === search.get('tab'))?.value ?? 'chart'}
        onChange={(tab) => setSearch(tab === null || tab === 'chart' ? {} : { tab }, { replace: true })}
        keepMounted={false}
      >
        <Tabs.List mb="lg" className="tabs">
          {TABS.map(({ value, label }) => (
            <Tabs.Tab key={value} value={value}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel value="chart">
          <Chart patient={patient} />
        </Tabs.Panel>
        <Tabs.Panel value="photos">
          <Photos patientId={id} />
        </Tabs.Panel>
        <Tabs.Panel value="notes">
          <Notes patientId={id} notes={patient.notes} />
        </Tabs.Panel>
        <Tabs.Panel value="appointments">
          <Appointments appointments={patient.appointments} />
        </Tabs.Panel>
        <Tabs.Panel value="prescriptions">
          <PatientPrescriptions patient={patient} />
        </Tabs.Panel>
        <Tabs.Panel value="orders">
          <PatientOrders patientId={id} />
        </Tabs.Panel>
        <Tabs.Panel value="history">
          <MedicalHistory patientId={id} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
