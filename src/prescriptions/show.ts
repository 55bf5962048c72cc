import type { Provenance, Task } from '@medplum/fhirtypes';
import { referencedId } from '../fhir';
import { findPharmacy } from '../pharmacy';
import type { Store, Viewer } from '../store';
import type { Shown } from './actor';
import { PHARMACY_TASK } from './fills';
import { listedRows } from './list';
import { loadPrescription } from './load';
import { prescriptionMapping, transmissionMapping } from './mapping';
import { searchAll } from './references';

/** One prescription as a page of its own shows it, in the fields of the Dermifi document. */
export interface PrescriptionDetail {
  /** As "List prescriptions" shows it: names, refills that are left, last fill. */
  listed: Record<string, unknown>;
  /** As "Create new prescription" answers it, with its notes. */
  written: Record<string, unknown>;
  /** As "Send prescription to pharmacy" answers each, the newest first. */
  transmissions: Record<string, unknown>[];
}

/** @throws ProblemError not-found */
export async function showPrescription(
  store: Store,
  viewer: Viewer,
  id: string,
  now: Date,
): Promise<Shown<PrescriptionDetail>> {
  const { mr, medication } = await loadPrescription(store, viewer, id);
  const target = `MedicationRequest/${id}`;
  const [[listed = {}], [provenance], tasks] = await Promise.all([
    listedRows(store, viewer, [{ id, mr }], now),
    searchAll<Provenance>(store, viewer, 'Provenance', { target, _sort: 'recorded' }),
    searchAll<Task>(store, viewer, 'Task', {
      focus: target,
      code: `${PHARMACY_TASK}|transmit`,
      _sort: '-authored-on',
    }),
  ]);
  const written = prescriptionMapping.read(
    { mr, medication, ...(provenance !== undefined && { provenance }) },
    'shown',
    { now },
  );
  const patient = referencedId(mr.subject, 'Patient');
  return {
    view: {
      listed,
      written,
      transmissions: await Promise.all(tasks.map((task) => transmissionOf(store, viewer, task, now))),
    },
    resources: [target, ...tasks.map((task) => `Task/${task.id ?? ''}`)],
    patients: patient === undefined ? [] : [patient],
  };
}

async function transmissionOf(
  store: Store,
  viewer: Viewer,
  task: Task,
  now: Date,
): Promise<Record<string, unknown>> {
  const owner = referencedId(task.owner, 'Organization');
  const pharmacy = owner === undefined ? undefined : await findPharmacy(store, viewer, owner);
  return transmissionMapping.read({ task }, 'sent', { now, ...(pharmacy !== undefined && { pharmacy }) });
}
