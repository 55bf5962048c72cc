import { referencedId } from '../fhir';
import type { MedicationRequest, Patient, Task } from '@medplum/fhirtypes';
import { codeMapOf, profileTerminology } from '../mapping';
import type { StoreAccess, Viewer } from '../store';
import { PHARMACY_TASK, readFills, refillsLeft, suppliedUntil, type Fills } from './fills';
import { containedMedication, refillMapping } from './mapping';
import { searchAll } from './references';

export const REFILL_PRIORITIES = ['routine', 'urgent', 'stat'] as const;

export interface PendingRefills {
  rows: Record<string, unknown>[];
  /** Of these urgent ones, whatever priority was asked for. */
  urgentCount: number;
  resources: string[];
  patients: string[];
}

const PENDING = [...codeMapOf(profileTerminology.conceptMap('refill-status')).toVendor]
  .filter(([, vendor]) => vendor === 'pending_approval')
  .map(([code]) => code)
  .join(',');

/**
 * Refill requests that wait for a decision, the oldest first. Dermifi, "Get pending refill requests".
 * @param filter `providerId` is a Practitioner's id: the prescriber's
 */
export async function pendingRefills(
  access: StoreAccess,
  viewer: Viewer,
  filter: { providerId?: string | undefined; priority?: string | undefined },
  now: Date,
): Promise<PendingRefills> {
  const owner: Record<string, string> =
    filter.providerId === undefined ? {} : { owner: `Practitioner/${filter.providerId}` };
  const query = { code: `${PHARMACY_TASK}|refill`, status: PENDING, _sort: 'authored-on', ...owner };
  const tasks = await searchAll<Task>(access, viewer, 'Task', query);
  const prescriptionIds = tasks.map((task) => referencedId(task.focus, 'MedicationRequest') ?? '');
  const fills = await readFills(
    access,
    viewer,
    [...new Set(prescriptionIds)].filter((id) => id !== ''),
  );
  const wanted = tasks.flatMap((task, i) => [
    { type: 'MedicationRequest' as const, id: prescriptionIds[i] ?? '' },
    { type: 'Patient' as const, id: referencedId(task.for, 'Patient') ?? '' },
  ]);
  const read = await access.readMany(
    viewer,
    wanted.filter(({ id }) => id !== ''),
  );
  const byKey = new Map(
    read.filter((one) => !one.deleted).map((one) => [`${one.type}/${one.id}`, one.resource]),
  );
  const rows = tasks.map((task, i) => {
    const id = prescriptionIds[i] ?? '';
    const mr = byKey.get(`MedicationRequest/${id}`) as MedicationRequest | undefined;
    const patient = byKey.get(`Patient/${referencedId(task.for, 'Patient') ?? ''}`) as Patient | undefined;
    return rowOf({ task, mr, patient }, fills(id), now);
  });
  const shown = rows.filter((row) => filter.priority === undefined || row['priority'] === filter.priority);
  return {
    rows: shown,
    urgentCount: rows.filter(({ priority }) => priority !== 'routine').length,
    resources: tasks.map(({ id }) => `Task/${id ?? ''}`),
    patients: [...new Set(tasks.flatMap((task) => referencedId(task.for, 'Patient') ?? []))],
  };
}

function rowOf(
  { task, mr, patient }: { task: Task; mr: MedicationRequest | undefined; patient: Patient | undefined },
  fills: Fills,
  now: Date,
): Record<string, unknown> {
  const medication = mr && containedMedication(mr);
  const until = mr && suppliedUntil(mr, fills);
  const bound = { task, ...(mr && { mr }), ...(medication && { medication }), ...(patient && { patient }) };
  const { notes, earlyRefillReason, lastFilled, refillsRemaining, ...row } = refillMapping.read(
    bound,
    'pending',
    {
      now,
      lastFilled: fills.lastFilled,
      refillsRemaining: mr === undefined ? 0 : refillsLeft(mr, fills),
      hasRunOut: until !== undefined && until < now,
    },
  );
  return { ...row, reason: notes ?? earlyRefillReason, lastFilled, refillsRemaining };
}
