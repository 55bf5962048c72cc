import type {
  ClinicalImpression,
  Condition,
  DiagnosticReport,
  Encounter,
  Procedure,
  Reference,
} from '@medplum/fhirtypes';
import { conceptText } from '../clinicians';
import { CANONICAL_BASE } from '../fhir';
import type { StoreAccess, Viewer } from '../store';
import { type HistoryDraft, shownTime } from './history-entry';
import { found } from './load';
import { hasCategory, reportResult } from './reports';
import { VISITS } from './visit-times';

const FOLLOW_UP = `${CANONICAL_BASE}/StructureDefinition/follow-up`;

/** What belongs to a patient's encounters, all of a kind at once. */
interface Around {
  conditions: Condition[];
  procedures: Procedure[];
  impressions: ClinicalImpression[];
  reports: DiagnosticReport[];
}

/** Encounters that took place, with what was found and done in them. */
export async function visitsOf(access: StoreAccess, viewer: Viewer, about: string): Promise<HistoryDraft[]> {
  const encounters = await found<Encounter>(access, viewer, 'Encounter', { subject: about, status: VISITS });
  if (encounters.length === 0) return [];
  const [conditions, procedures, impressions, reports] = await Promise.all([
    found<Condition>(access, viewer, 'Condition', { subject: about }),
    found<Procedure>(access, viewer, 'Procedure', { subject: about }),
    found<ClinicalImpression>(access, viewer, 'ClinicalImpression', { subject: about }),
    found<DiagnosticReport>(access, viewer, 'DiagnosticReport', { subject: about }),
  ]);
  return encounters.map((encounter) => visit(encounter, { conditions, procedures, impressions, reports }));
}

function visit(encounter: Encounter, around: Around): HistoryDraft {
  const id = encounter.id ?? '';
  const isHere = ({ encounter: at }: { encounter?: Reference }): boolean =>
    at?.reference === `Encounter/${id}`;
  const impressions = around.impressions.filter((one) => isHere(one) && one.status !== 'entered-in-error');
  return {
    id: `hist_${id}`,
    date: encounter.period?.start,
    type: 'visit',
    source: `Encounter/${id}`,
    providers: participants(encounter),
    rest: {
      chiefComplaint: textsOf(encounter.reasonCode),
      diagnosis: diagnoses(encounter, around.conditions, isHere),
      treatment: treatments(encounter, around.procedures, isHere),
      notes: impressions.flatMap(({ summary }) => summary ?? []).join('\n') || null,
      followUp: encounter.extension?.find(({ url }) => url === FOLLOW_UP)?.valueString ?? null,
      pathology: pathology(around.reports.filter(isHere)),
    },
  };
}

/** The primary performer before the others. https://terminology.hl7.org/CodeSystem/v3-ParticipationType */
function participants({ participant = [] }: Encounter): (Reference | undefined)[] {
  const isPrimary = ({ type }: (typeof participant)[number]): boolean =>
    type?.some(({ coding }) => coding?.some(({ code }) => code === 'PPRF')) ?? false;
  return [...participant.filter(isPrimary), ...participant.filter((one) => !isPrimary(one))].map(
    ({ individual }) => individual,
  );
}

function textsOf(concepts: Encounter['reasonCode']): string | null {
  return concepts?.flatMap((concept) => conceptText(concept) ?? []).join(', ') || null;
}

type IsHere = (resource: { encounter?: Reference }) => boolean;

/** In the order of the encounter's own list; what only points to the encounter comes after. */
function inOrderOf<T extends { id?: string; resourceType: string; encounter?: Reference }>(
  listed: readonly (string | undefined)[],
  resources: readonly T[],
  isHere: IsHere,
): T[] {
  const referenceOf = ({ resourceType, id }: T): string => `${resourceType}/${id ?? ''}`;
  const first = listed.flatMap((reference) => resources.find((one) => referenceOf(one) === reference) ?? []);
  return [...first, ...resources.filter((one) => isHere(one) && !first.includes(one)).sort(byTime)];
}

function byTime(a: { id?: string; meta?: { lastUpdated?: string } }, b: typeof a): number {
  return (
    (a.meta?.lastUpdated ?? '').localeCompare(b.meta?.lastUpdated ?? '') ||
    (a.id ?? '').localeCompare(b.id ?? '')
  );
}

function diagnosesOf({ diagnosis = [] }: Encounter): (string | undefined)[] {
  return diagnosis.map(({ condition }) => condition.reference);
}

function diagnoses(encounter: Encounter, conditions: readonly Condition[], isHere: IsHere): string[] {
  const found = inOrderOf(diagnosesOf(encounter), conditions, isHere).filter(
    ({ verificationStatus }) =>
      !verificationStatus?.coding?.some(({ code }) => code === 'entered-in-error' || code === 'refuted'),
  );
  return found.flatMap(({ code }) => conceptText(code) ?? []);
}

function treatments(encounter: Encounter, procedures: readonly Procedure[], isHere: IsHere): string | null {
  const done = inOrderOf(diagnosesOf(encounter), procedures, isHere).filter(
    ({ status }) => status !== 'entered-in-error' && status !== 'not-done',
  );
  return done.flatMap(({ code }) => conceptText(code) ?? []).join(', ') || null;
}

/** The latest report of pathology (decisions, "History"). */
function pathology(
  reports: readonly DiagnosticReport[],
): { result: string | null; reportDate: string | null } | null {
  const dateOf = ({ issued, effectiveDateTime }: DiagnosticReport): string =>
    issued ?? effectiveDateTime ?? '';
  const [latest] = reports
    .filter((report) => hasCategory(report, 'PAT', 'SP') && report.status !== 'entered-in-error')
    .sort((a, b) => Date.parse(dateOf(b)) - Date.parse(dateOf(a)));
  if (latest === undefined) return null;
  return { result: reportResult(latest) ?? null, reportDate: shownTime(dateOf(latest)) };
}
