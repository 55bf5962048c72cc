/** What a reader finds in a guide, by its name, in the order of reading. */
export interface Reader {
  title: string;
  /** Name of a guide and what it tells. */
  guides: Readonly<Record<string, string>>;
}

/** The guides by those whom they are for; one that is not named here is shown at the end. */
export const READERS: readonly Reader[] = [
  {
    title: 'For integrators',
    guides: {
      handoffrx: 'Refer a patient over the HandoffRx API, and what becomes of it in FHIR.',
      subscriptions: 'Be told of changes: signed webhooks, FHIR Subscriptions, topics and websockets.',
      dermifi: 'Patients, visits, photos and schedule of a dermatology practice.',
      'dermifi-orders': 'Orders, prescriptions and refills, as far as the pharmacy.',
      identity: 'Keys, scopes, sign-in, tokens and limits: how each API knows who calls.',
    },
  },
  {
    title: 'For EHR teams',
    guides: {
      fhir: 'The FHIR R4 endpoint: get a token, read, search, write, run operations.',
      search: 'Every search parameter, and what a search costs.',
      validation: 'What is checked before a resource is stored, and how refusals are worded.',
      mapping: 'How vendor fields become FHIR elements, table by table.',
    },
  },
  {
    title: 'For compliance officers',
    guides: {
      compliance: 'What is recorded, how to export and report it, and how to prove that nothing is missing.',
    },
  },
  {
    title: 'For operators',
    guides: {
      operators: 'Settings, practices and keys, health and metrics, backup and import.',
      dashboard: 'Who sees what in the dashboard, its sessions, and how to add a page.',
      'embedded-database': 'The database that comes with the server, and moving to a MongoDB of your own.',
    },
  },
  {
    title: 'How it works',
    guides: {
      architecture: 'The rooms of the house, and the way of a request and a write.',
      storage: 'What lies in the database, and what is guaranteed.',
    },
  },
];
