import type {
  DiagnosticReport,
  ImagingStudy,
  MedicationRequest,
  Observation,
  Practitioner,
} from '@medplum/fhirtypes';
import { conceptText, providerName } from '../clinicians';
import { ProblemError, referencedId } from '../fhir';
import type { StoreAccess, Viewer } from '../store';
import { type HistoryDraft, type HistoryType, shownTime } from './history-entry';
import { found, readPatient } from './load';
import { PATIENT_NOT_FOUND } from './patients';
import { hasCategory, reportResult } from './reports';
import { visitsOf } from './visits';

export interface HistoryRequest {
  type: HistoryType | 'all';
  /** A date counts from its beginning, or to its end (UTC). */
  startDate?: string;
  endDate?: string;
}

/** What an answer shows, and which resources it shows it from. */
export interface ShownHistory {
  view: Record<string, unknown>;
  resources: string[];
}

/**
 * A patient's history, newest first.
 * @throws ProblemError not-found
 */
export async function historyOf(
  access: StoreAccess,
  viewer: Viewer,
  patientId: string,
  request: HistoryRequest,
): Promise<ShownHistory> {
  if ((await readPatient(access, viewer, patientId)) === undefined)
    throw new ProblemError('not-found', PATIENT_NOT_FOUND);
  const about = `Patient/${patientId}`;
  const wants = (type: HistoryType): boolean => request.type === 'all' || request.type === type;
  const drafts = await Promise.all([
    wants('visit') ? visitsOf(access, viewer, about) : [],
    wants('prescription') ? prescriptionsOf(access, viewer, about) : [],
    wants('lab') ? reportsOf(access, viewer, about, 'lab', 'LAB') : [],
    wants('imaging') ? imagingOf(access, viewer, about) : [],
  ]);
  const range = rangeOf(request);
  const entries = drafts.flat().filter(({ date }) => isWithin(date, range));
  entries.sort((a, b) => timeOf(b.date) - timeOf(a.date) || a.id.localeCompare(b.id));
  const nameOf = await providerNames(access, viewer, entries);
  return {
    view: {
      patientId: `pat_${patientId}`,
      history: entries.map((entry) => ({
        id: entry.id,
        date: shownTime(entry.date),
        type: entry.type,
        provider: nameOf(entry),
        ...entry.rest,
      })),
      totalRecords: entries.length,
      dateRange: { from: shownTime(range.from), to: shownTime(range.to) },
    },
    resources: [about, ...entries.map(({ source }) => source)],
  };
}

/** Intents by which nothing is prescribed yet. https://hl7.org/fhir/R4/valueset-medicationrequest-intent.html */
export const NOT_ORDERED: readonly string[] = ['proposal', 'plan', 'option'];

async function prescriptionsOf(access: StoreAccess, viewer: Viewer, about: string): Promise<HistoryDraft[]> {
  const requests = await found<MedicationRequest>(access, viewer, 'MedicationRequest', { subject: about });
  return requests
    .filter(
      ({ status, intent }) =>
        !['entered-in-error', 'draft'].includes(status) && !NOT_ORDERED.includes(intent),
    )
    .map((request) => ({
      id: `hist_${request.id ?? ''}`,
      date: request.authoredOn,
      type: 'prescription',
      source: `MedicationRequest/${request.id ?? ''}`,
      providers: [request.requester],
      rest: { name: prescribed(request), result: null },
    }));
}

/** What is prescribed: the medication's name, wherever it lies. */
function prescribed({
  medicationCodeableConcept,
  medicationReference,
  contained,
}: MedicationRequest): string | null {
  const inside = contained?.find(({ id }) => medicationReference?.reference === `#${id ?? ''}`);
  const concept = inside?.resourceType === 'Medication' ? inside.code : medicationCodeableConcept;
  return conceptText(concept) ?? medicationReference?.display ?? null;
}

async function reportsOf(
  access: StoreAccess,
  viewer: Viewer,
  about: string,
  type: 'lab' | 'imaging',
  category: string,
): Promise<HistoryDraft[]> {
  const reports = await found<DiagnosticReport>(access, viewer, 'DiagnosticReport', { subject: about });
  const wanted = reports.filter((report) => hasCategory(report, category) && isReported(report));
  const results = await resultsOf(access, viewer, wanted);
  return wanted.map((report) => ({
    id: `hist_${report.id ?? ''}`,
    date: report.effectiveDateTime ?? report.effectivePeriod?.start ?? report.issued,
    type,
    source: `DiagnosticReport/${report.id ?? ''}`,
    providers: [...(report.resultsInterpreter ?? []), ...(report.performer ?? [])],
    rest: { name: conceptText(report.code) ?? null, result: reportResult(report, results) ?? null },
  }));
}

const isReported = ({ status }: DiagnosticReport): boolean =>
  status !== 'entered-in-error' && status !== 'cancelled';

/** The Observations that reports refer to, by reference. */
async function resultsOf(
  access: StoreAccess,
  viewer: Viewer,
  reports: readonly DiagnosticReport[],
): Promise<Map<string, Observation>> {
  const references = reports.flatMap(({ conclusion, result = [] }) =>
    conclusion === undefined ? result : [],
  );
  const ids = [...new Set(references.flatMap((one) => referencedId(one, 'Observation') ?? []))];
  const observations = await access.readMany(
    viewer,
    ids.map((id) => ({ type: 'Observation' as const, id })),
  );
  return new Map(observations.map(({ id, resource }) => [`Observation/${id}`, resource as Observation]));
}

/** Imaging reports, and studies that no report speaks of. */
async function imagingOf(access: StoreAccess, viewer: Viewer, about: string): Promise<HistoryDraft[]> {
  const [reports, studies, all] = await Promise.all([
    reportsOf(access, viewer, about, 'imaging', 'RAD'),
    found<ImagingStudy>(access, viewer, 'ImagingStudy', { subject: about }),
    found<DiagnosticReport>(access, viewer, 'DiagnosticReport', { subject: about }),
  ]);
  const shown = all.filter((report) => hasCategory(report, 'RAD') && isReported(report));
  const told = new Set(
    shown.flatMap(({ imagingStudy = [] }) => imagingStudy.map(({ reference }) => reference)),
  );
  const alone = studies.filter(
    ({ id, status }) =>
      !['entered-in-error', 'cancelled'].includes(status) && !told.has(`ImagingStudy/${id ?? ''}`),
  );
  return [
    ...reports,
    ...alone.map((study): HistoryDraft => ({
      id: `hist_${study.id ?? ''}`,
      date: study.started,
      type: 'imaging',
      source: `ImagingStudy/${study.id ?? ''}`,
      providers: [...(study.interpreter ?? []), study.referrer],
      rest: {
        name: study.description ?? conceptText(study.procedureCode?.[0]) ?? null,
        result: study.note?.map(({ text }) => text).join('\n') ?? null,
      },
    })),
  ];
}

interface DateRange {
  from: string | undefined;
  to: string | undefined;
}

const isDay = (text: string): boolean => text.length === 10;

function rangeOf({ startDate, endDate }: HistoryRequest): DateRange {
  return {
    from:
      startDate === undefined ? undefined : isDay(startDate) ? `${startDate}T00:00:00Z` : withZone(startDate),
    to: endDate === undefined ? undefined : isDay(endDate) ? `${endDate}T23:59:59.999Z` : withZone(endDate),
  };
}

/** A time without a zone is UTC, as all times of the API. */
const withZone = (time: string): string => (/(?:Z|[+-]\d\d:\d\d)$/.test(time) ? time : `${time}Z`);

function isWithin(date: string | undefined, { from, to }: DateRange): boolean {
  if (from === undefined && to === undefined) return true;
  const at = timeOf(date);
  return (
    (from === undefined || at >= Date.parse(from)) &&
    (to === undefined || (at <= Date.parse(to) && date !== undefined))
  );
}

/** Milliseconds; undated things come last. FHIR dates may lack day and month. */
function timeOf(date: string | undefined): number {
  const time = Date.parse(date ?? '');
  return Number.isFinite(time) ? time : Number.NEGATIVE_INFINITY;
}

/** The first provider of each entry by id and name; one read for all entries. */
async function providerNames(
  access: StoreAccess,
  viewer: Viewer,
  entries: readonly HistoryDraft[],
): Promise<(entry: HistoryDraft) => { id: string; name: string } | null> {
  const idsOf = ({ providers }: HistoryDraft): string[] =>
    providers.flatMap((one) => referencedId(one, 'Practitioner') ?? []);
  const ids = [...new Set(entries.flatMap(idsOf))];
  const practitioners = await access.readMany(
    viewer,
    ids.map((id) => ({ type: 'Practitioner' as const, id })),
  );
  const names = new Map(
    practitioners.map(({ id, resource }) => [id, providerName(resource as Practitioner)]),
  );
  return (entry) => {
    for (const id of idsOf(entry)) {
      const name = names.get(id);
      if (name !== undefined) return { id: `prov_${id}`, name };
    }
    return null;
  };
}
