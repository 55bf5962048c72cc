import type { MedicationDispense, MedicationRequest, Task } from '@medplum/fhirtypes';
import { CANONICAL_BASE, referencedId } from '../fhir';
import type { StoreAccess, Viewer } from '../store';
import { searchAll } from './references';
import { refillStatusOf } from './status';

/** System of the codes of Tasks about prescriptions. */
export const PHARMACY_TASK = `${CANONICAL_BASE}/CodeSystem/pharmacy-task`;

/** What has been given of a prescription, and what is asked for. */
export interface Fills {
  /** Refills approved; the first fill is none. */
  approved: number;
  /** Latest hand-over or approved refill. */
  lastFilled: Date | undefined;
  /** Refill that waits for approval. */
  pending: Task | undefined;
}

const NOTHING_GIVEN: ReadonlySet<string> = new Set([
  'cancelled',
  'declined',
  'entered-in-error',
  'stopped',
  'preparation',
]);

/** The fills of prescriptions by their id: two queries, however many there are. */
export async function readFills(
  access: StoreAccess,
  viewer: Viewer,
  ids: readonly string[],
): Promise<(id: string) => Fills> {
  if (ids.length === 0) return () => ({ approved: 0, lastFilled: undefined, pending: undefined });
  const references = ids.map((id) => `MedicationRequest/${id}`).join(',');
  const dispenses = await searchAll<MedicationDispense>(access, viewer, 'MedicationDispense', {
    prescription: references,
  });
  const tasks = await searchAll<Task>(access, viewer, 'Task', {
    focus: references,
    code: `${PHARMACY_TASK}|refill`,
  });
  return (id) =>
    fillsOf(
      dispenses.filter((dispense) =>
        (dispense.authorizingPrescription ?? []).some((one) => referencedId(one, 'MedicationRequest') === id),
      ),
      tasks.filter((task) => referencedId(task.focus, 'MedicationRequest') === id),
    );
}

function fillsOf(dispenses: readonly MedicationDispense[], tasks: readonly Task[]): Fills {
  const approved = tasks.filter((task) => refillStatusOf(task) === 'approved');
  const given = dispenses.filter(({ status }) => !NOTHING_GIVEN.has(status ?? ''));
  const times = [
    ...given.map(
      (dispense) => dispense.whenHandedOver ?? dispense.whenPrepared ?? dispense.meta?.lastUpdated,
    ),
    ...approved.map((task) => task.executionPeriod?.start ?? task.lastModified ?? task.authoredOn),
  ].flatMap((time) => (time === undefined ? [] : [Date.parse(time)]));
  const latest = Math.max(...times.filter((time) => Number.isFinite(time)));
  return {
    approved: approved.length,
    lastFilled: Number.isFinite(latest) ? new Date(latest) : undefined,
    pending: tasks.find((task) => refillStatusOf(task) === 'pending_approval'),
  };
}

/** Refills that are left: those allowed less those approved. */
export function refillsLeft(prescription: MedicationRequest, { approved }: Pick<Fills, 'approved'>): number {
  return Math.max(0, (prescription.dispenseRequest?.numberOfRepeatsAllowed ?? 0) - approved);
}

const DAY_MS = 86_400_000;
/** Days in the units that durations of supply come in. http://unitsofmeasure.org */
const DAYS: Readonly<Record<string, number>> = {
  d: 1,
  day: 1,
  days: 1,
  wk: 7,
  week: 7,
  weeks: 7,
  mo: 30,
  month: 30,
  months: 30,
};

/** When the supply runs out: last fill (else the written date) plus days' supply; undefined when nobody said how long it lasts. */
export function suppliedUntil(
  prescription: MedicationRequest,
  { lastFilled }: Pick<Fills, 'lastFilled'>,
): Date | undefined {
  const duration = prescription.dispenseRequest?.expectedSupplyDuration;
  const days =
    duration?.value === undefined
      ? undefined
      : duration.value * (DAYS[duration.code ?? duration.unit ?? 'd'] ?? 1);
  const from = lastFilled?.getTime() ?? Date.parse(prescription.authoredOn ?? '');
  return days === undefined || !Number.isFinite(from) ? undefined : new Date(from + days * DAY_MS);
}
