import { notesOf, patientAppointments } from '../../chart';
import type { Exchange } from '../../http';
import { holds } from '../../identity';
import type { DermifiServices } from './services';

/** What `GET /patients/{id}?include=` can add. */
export const INCLUDED = ['appointments', 'prescriptions', 'notes'] as const;
export type Inclusion = (typeof INCLUDED)[number];

/** What shows one kind of a patient's things, each as its own endpoint does. */
type Show = (services: DermifiServices, x: Exchange, patientId: string) => Promise<unknown[]>;

/** Prescriptions of one patient that are shown with it, newest first. */
const MOST_PRESCRIPTIONS = 1000;

const SHOW: Record<Inclusion, Show> = {
  appointments: ({ store }, { principal }, id) => patientAppointments(store, principal.viewer, id),
  prescriptions: async ({ prescriptions }, { principal }, patientId) => {
    const { rows } = await prescriptions.list(principal.viewer, {
      patientId,
      page: 1,
      limit: MOST_PRESCRIPTIONS,
    });
    return rows;
  },
  notes: ({ store }, { principal }, id) => {
    const { viewer, practitioner } = principal;
    const seesConfidential = principal.role === 'admin' || holds(principal, 'prescribe');
    return notesOf(store, viewer, id, {
      id: principal.id,
      seesConfidential,
      ...(practitioner !== undefined && { practitioner }),
    });
  },
};

/** The views asked for, by name. */
export async function includedViews(
  services: DermifiServices,
  x: Exchange,
  patientId: string,
  wanted: readonly Inclusion[],
): Promise<Record<string, unknown[]>> {
  const names = INCLUDED.filter((name) => wanted.includes(name));
  const shown = await Promise.all(names.map((name) => SHOW[name](services, x, patientId)));
  return Object.fromEntries(names.map((name, i) => [name, shown[i] ?? []]));
}
