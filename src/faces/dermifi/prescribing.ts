import { type Exchange, touched, writeContext, stepContext } from '../../http';
import type { Actor, Shown } from '../../prescriptions';
import { actorOf } from './actor';
import { fhirId, type IdPrefix, pathId } from './ids';

/** The user of a request as orders and prescriptions know one. */
export function prescriberOf(x: Exchange): Actor {
  return {
    ...actorOf(x),
    viewer: x.principal.viewer,
    context: (patients) =>
      writeContext(x, (committed) => ({ ...touched(committed), patients: [...patients] })),
    step: () => stepContext(x),
  };
}

/** The FHIR id of the path; failed requests keep it in their audit entry. */
export function subjectId(
  x: Exchange,
  prefix: IdPrefix,
  type: 'RequestGroup' | 'MedicationRequest' | 'Task',
): string {
  const id = pathId(x, prefix);
  x.audit = { ...x.audit, resources: [`${type}/${id}`] };
  return id;
}

/**
 * Id of a body as a FHIR id; one of another form leads to nothing, so that it is refused like any other that nothing
 * has (decisions, "Both vendor faces").
 */
export function bodyId(prefix: IdPrefix, id: string): string {
  return fhirId(prefix, id) ?? '';
}

/** What an answer shows, for its audit entry. */
export function audited<T>(x: Exchange, { view, resources, patients }: Shown<T>): T {
  x.audit = { ...x.audit, resources, patients };
  return view;
}
