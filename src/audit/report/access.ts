/** Who looked at this patient, or changed something about it. */
import type { EventShape } from '../verify';
import { actorOf, createCounter, interactionsOf, touchedBy, type ReportDrawer } from './report';

interface Access {
  /** What one request did is one access, even where several events account for it. */
  request: string;
  /** Whether the event is about the patient; else it only lists it among what was returned. */
  isAbout: boolean;
  row: string[];
}

const COLUMNS = [
  'when',
  'who',
  'id',
  'practice',
  'address',
  'interaction',
  'action',
  'outcome',
  'purpose',
  'resources',
  'event',
] as const;

export function drawAccess(): ReportDrawer {
  const accesses: Access[] = [];
  const seen = new Set<string>();
  return {
    title: 'Patient access report',
    about:
      'Every access to what the record holds about the patient: by whom, when, from where, why, with what outcome.',
    columns: COLUMNS,
    take: (event) => {
      const access = accessOf(event);
      accesses.push(access);
      if (access.isAbout) seen.add(access.request);
    },
    finish: () => {
      const rows = accesses
        .filter(({ request, isAbout }) => isAbout || !seen.has(request))
        .map(({ row }) => row);
      const byAgent = createCounter('Accesses by agent');
      const byAction = createCounter('Accesses by action');
      for (const [, name = '', id = '', , , , action = ''] of rows) {
        byAgent.add(`${name} (${id})`);
        byAction.add(action);
      }
      return Promise.resolve({ rows, counts: [byAgent.result(), byAction.result()] });
    },
  };
}

function accessOf(event: EventShape): Access {
  const { name, id, practice, address } = actorOf(event);
  const { entity = [], action = '' } = event;
  const interaction = interactionsOf(event).join(' ');
  const request = entity.find(({ type }) => type?.code === 'XrequestId')?.what?.identifier?.value ?? '';
  const purpose = (event.purposeOfEvent ?? []).flatMap(({ coding = [] }) =>
    coding.flatMap(({ code }) => code ?? []),
  );
  const row = [
    event.recorded ?? '',
    name,
    id,
    practice,
    address,
    interaction,
    action,
    event.outcome ?? '',
    purpose.join(' '),
    touchedBy(event).join(' '),
    event.id ?? '',
  ];
  return {
    request: [request, interaction, event.outcome].join(' '),
    isAbout: entity.some(({ type }) => type?.code === '1'),
    row,
  };
}
