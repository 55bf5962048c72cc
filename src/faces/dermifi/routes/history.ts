import { historyOf, type HistoryRequest } from '../../../chart';
import { exactly, INSTANT, listOf, oneOf, type QueryParameters, type Schema } from '../../../contract';
import { queryOf } from '../actor';
import type { DermifiEndpoint } from '../endpoint';
import { queryReader } from '../requests';
import { KNOWN, NAMED, nullable } from '../schemas';
import type { DermifiServices } from '../services';
import { patientId } from './patients';

const TYPES = ['visit', 'prescription', 'lab', 'imaging'] as const;

const HISTORY_QUERY = {
  startDate: { description: 'Filter from date (ISO 8601).', kind: 'time' },
  endDate: { description: 'Filter to date (ISO 8601); a day counts to its end (UTC).', kind: 'time' },
  type: { description: 'History type.', kind: 'choice', values: [...TYPES, 'all'], default: 'all' },
} as const satisfies QueryParameters;

const time: Schema = { ...INSTANT, type: ['string', 'null'] };
const entry = (type: Schema): Record<string, unknown> => ({
  id: { type: 'string' },
  date: time,
  type,
  provider: nullable(NAMED),
});

const VISIT = exactly({
  ...entry(oneOf(['visit'])),
  chiefComplaint: KNOWN,
  diagnosis: listOf({ type: 'string' }),
  treatment: KNOWN,
  notes: KNOWN,
  followUp: KNOWN,
  pathology: nullable(exactly({ result: KNOWN, reportDate: time })),
});
const OTHER = exactly({ ...entry(oneOf(TYPES.slice(1))), name: KNOWN, result: KNOWN });

const HISTORY = exactly({
  patientId: { type: 'string' },
  history: listOf({ oneOf: [VISIT, OTHER] }),
  totalRecords: { type: 'integer', minimum: 0 },
  dateRange: exactly({ from: time, to: time }),
});

const readHistory = queryReader<HistoryRequest>(HISTORY_QUERY);

/** Dermifi, "Get patient medical history". */
export function historyEndpoints({ store }: DermifiServices): DermifiEndpoint[] {
  return [
    {
      tag: 'Patients',
      method: 'get',
      path: '/patients/:id/history',
      summary: 'Get patient medical history, newest first.',
      interaction: 'search',
      action: 'E',
      right: 'read',
      query: HISTORY_QUERY,
      status: 200,
      answer: { name: 'History', schema: HISTORY },
      async handle(x) {
        const id = patientId(x);
        const { view, resources } = await historyOf(store, x.principal.viewer, id, readHistory(x));
        x.audit = { ...x.audit, query: queryOf(x), resources };
        return { status: 200, body: view };
      },
    },
  ];
}
