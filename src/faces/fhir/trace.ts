import { patientIdsOf } from '../../fhir';
import { touched, writeContext, type AuditFacts, type Occasion } from '../../http';
import type { Committed, StoredVersion, WriteContext } from '../../store';
import { practiceOf } from './access';

/** The write context of one interaction: its audit entry names versions and patients; rows were judged before. */
export function traced(x: Occasion): WriteContext {
  return { ...writeContext(x, factsOf), viewer: practiceOf(x.principal) };
}

/** Versions touched and the patients they are about. An update that made the resource is a create. */
export function factsOf(committed: readonly Committed[]): AuditFacts {
  const isCreate = committed.length === 1 && committed[0]?.outcome === 'created';
  return {
    ...touched(committed),
    patients: patientsOf(committed),
    ...(isCreate && { interaction: 'create' as const, action: 'C' as const }),
  };
}

/** Patients that stored versions are about, each once. */
export function patientsOf(versions: readonly StoredVersion[]): string[] {
  return [...new Set(versions.flatMap(({ resource }) => patientIdsOf(resource)))];
}
