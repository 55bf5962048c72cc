import type { Exchange } from '../../http';
import type { DermifiServices } from './services';

/** What `GET /patients/{id}?include=` can add. */
export const INCLUDED = ['appointments', 'prescriptions', 'notes'] as const;
export type Inclusion = (typeof INCLUDED)[number];

/** What shows one kind of a patient's things, each as its own endpoint does. */
type Show = (services: DermifiServices, x: Exchange, patientId: string) => Promise<unknown[]>;

const SHOW: Record<Inclusion, Show> = {
  appointments: () => Promise.resolve([]),
  prescriptions: () => Promise.resolve([]),
  notes: () => Promise.resolve([]),
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
