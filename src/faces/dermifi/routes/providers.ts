import {
  createProvider,
  findProvider,
  listProviders,
  type NewProvider,
  providerView,
  scheduleOf,
} from '../../../clinicians';
import { DATE, exactly, listOf, object, oneOf, orNull, type Schema, text } from '../../../contract';
import { touched, writeContext } from '../../../http';
import { actorOf, queryOf } from '../actor';
import type { DermifiEndpoint } from '../endpoint';
import { notFound, pathId } from '../ids';
import { bodyReader, queryReader } from '../requests';
import { EMAIL, KNOWN, nullable, PHONE } from '../schemas';
import type { DermifiServices } from '../services';

const year: Schema = { type: 'integer', minimum: 1900, maximum: 2200, 'x-expected': 'a year', example: 2010 };
const name = (what: string, example: string): Schema => text(200, what, example);
const names = (what: string, example: string): Schema => ({
  type: ['array', 'null'],
  maxItems: 50,
  items: text(200, what, example),
});

const training = (what: string): Schema =>
  nullable(
    object({
      institution: orNull(name(`Where the ${what} was.`, 'UCSF')),
      specialty: orNull(name(`Field of the ${what}.`, 'Dermatology')),
      completionYear: orNull(year),
    }),
  );

const NEW_PROVIDER = object(
  {
    firstName: text(100, 'First name.', 'Michael'),
    lastName: text(100, 'Last name.', 'Chen'),
    title: orNull(text(100, 'Degrees.', 'MD, PhD')),
    specialty: orNull(name('Specialty.', 'Dermatology')),
    subspecialty: orNull(name('Subspecialty.', 'Mohs Surgery')),
    npiNumber: {
      type: 'string',
      pattern: '^[0-9]{10}$',
      'x-expected': 'ten digits',
      description:
        'National Provider Identifier; what is wrong with its check digit is noted for the verifier.',
      example: '9876543210',
    },
    licenseNumber: text(50, 'Number of the license.', 'CA54321'),
    licenseState: {
      type: 'string',
      pattern: '^[A-Z]{2}$',
      'x-expected': 'two letters such as CA',
      example: 'CA',
    },
    licenseExpiry: orNull(DATE),
    deaNumber: orNull({
      type: 'string',
      pattern: '^[A-Za-z]{2}[0-9]{7}$',
      'x-expected': 'two letters and seven digits',
      example: 'BC1234567',
    }),
    email: orNull(EMAIL),
    phone: orNull(PHONE),
    locations: names('Name of a location of the directory.', 'SF'),
    languages: names('Language.', 'English'),
    acceptingNewPatients: { type: ['boolean', 'null'] },
    education: {
      type: ['array', 'null'],
      maxItems: 50,
      items: object({
        degree: orNull(text(100, 'Degree.', 'MD')),
        institution: orNull(name('School.', 'Harvard Medical School')),
        year: orNull(year),
      }),
    },
    residency: training('residency'),
    fellowship: training('fellowship'),
    certifications: names('Certification.', 'American Board of Dermatology'),
  },
  ['firstName', 'lastName', 'npiNumber', 'licenseNumber', 'licenseState'],
);

const shown = {
  id: { type: 'string' },
  firstName: KNOWN,
  lastName: KNOWN,
  title: KNOWN,
  specialty: KNOWN,
  npiNumber: KNOWN,
  licenseNumber: KNOWN,
  licenseState: KNOWN,
  email: KNOWN,
  phone: KNOWN,
  locations: listOf({ type: 'string' }),
  languages: listOf({ type: 'string' }),
  acceptingNewPatients: { type: ['boolean', 'null'] },
};

const PROVIDER = exactly({
  ...shown,
  rating: { type: ['number', 'null'] },
  reviewCount: { type: ['integer', 'null'] },
  yearsOfExperience: { type: ['integer', 'null'] },
  education: listOf(exactly({ degree: KNOWN, institution: KNOWN, year: { type: ['integer', 'null'] } })),
  certifications: listOf({ type: 'string' }),
});

const CREATED_PROVIDER = exactly({
  ...shown,
  subspecialty: KNOWN,
  licenseExpiry: KNOWN,
  licenseVerified: { type: 'boolean' },
  deaNumber: KNOWN,
  status: oneOf(['pending_verification', 'active', 'inactive']),
  createdAt: { type: 'string', format: 'date-time' },
});

const hour = { type: 'string', pattern: '^\\d\\d:\\d\\d$' };

const APPOINTMENT_SHOWN = {
  time: hour,
  duration: { type: 'integer', minimum: 0, description: 'Minutes.' },
  patientId: KNOWN,
  type: KNOWN,
  status: { type: 'string' },
};

const SCHEDULE = exactly({
  providerId: { type: 'string' },
  date: { type: 'string', format: 'date' },
  location: KNOWN,
  schedule: exactly({
    workingHours: nullable(
      exactly({ start: hour, end: hour, break: nullable(exactly({ start: hour, end: hour })) }),
    ),
    appointments: listOf(exactly(APPOINTMENT_SHOWN)),
    availableSlots: listOf(hour),
  }),
});

const PROVIDER_QUERY = {
  specialty: { description: 'Specialty; case does not count.', kind: 'text' },
  available: { description: 'Accepts new patients.', kind: 'boolean' },
  location: { description: 'Name of a location where the provider works.', kind: 'text' },
} as const;

const SCHEDULE_QUERY = {
  date: { description: 'Day at the location; today when absent.', kind: 'date' },
  location: { description: "Name of the location; the provider's first when absent.", kind: 'text' },
} as const;

const noQuery = queryReader({});
const readFilter = queryReader<{ specialty?: string; available?: boolean; location?: string }>(
  PROVIDER_QUERY,
);
const readDay = queryReader<{ date?: string; location?: string }>(SCHEDULE_QUERY);
const readNew = bodyReader<NewProvider>(NEW_PROVIDER);

/** Dermifi, "Providers API". */
export function providerEndpoints({ store }: DermifiServices): DermifiEndpoint[] {
  return [
    {
      tag: 'Providers',
      method: 'get',
      path: '/providers',
      summary: 'List all providers.',
      interaction: 'search',
      action: 'E',
      right: 'read',
      query: PROVIDER_QUERY,
      status: 200,
      answer: {
        name: 'ProviderList',
        schema: exactly({ providers: listOf(PROVIDER), total: { type: 'integer', minimum: 0 } }),
      },
      async handle(x) {
        const providers = await listProviders(store, x.principal.viewer, readFilter(x));
        const resources = providers.map(({ id }) => `Practitioner/${String(id).slice('prov_'.length)}`);
        x.audit = { ...x.audit, query: queryOf(x), resources };
        return { status: 200, body: { providers, total: providers.length } };
      },
    },
    {
      tag: 'Providers',
      method: 'post',
      path: '/providers',
      summary: 'Add new provider.',
      interaction: 'create',
      action: 'C',
      right: 'write',
      body: { name: 'NewProvider', schema: NEW_PROVIDER },
      status: 201,
      answer: { name: 'CreatedProvider', schema: CREATED_PROVIDER },
      async handle(x) {
        noQuery(x);
        const input = readNew(x);
        const context = writeContext(x, touched);
        const provider = await createProvider(store, {
          input,
          viewer: x.principal.viewer,
          by: actorOf(x),
          at: x.at,
          context,
        });
        return { status: 201, body: providerView(provider, 'created') };
      },
    },
    {
      tag: 'Providers',
      method: 'get',
      path: '/providers/:id/schedule',
      summary: 'Get provider schedule.',
      interaction: 'search',
      action: 'E',
      right: 'read',
      query: SCHEDULE_QUERY,
      status: 200,
      answer: { name: 'Schedule', schema: SCHEDULE },
      async handle(x) {
        const request = readDay(x);
        const provider = await findProvider(store, x.principal.viewer, pathId(x, 'prov'));
        if (provider === undefined) throw notFound('prov');
        const { view, resources, patients } = await scheduleOf(store, x.principal.viewer, provider, request);
        x.audit = { ...x.audit, query: queryOf(x), resources, patients };
        return { status: 200, body: view };
      },
    },
  ];
}
