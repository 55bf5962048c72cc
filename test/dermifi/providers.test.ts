import type { Practitioner, PractitionerRole, Provenance } from '@medplum/fhirtypes';
import { Command } from 'commander';
import { providerMapping } from '../../src/clinicians';
import { registerIdentityCommands } from '../../src/commands/identity';
import { checkMapping } from '../../src/mapping';
import { type Api, expectGolden, openApi, refusal, seedPlaces, type Signed, UTC } from './support';

/** The body of the document's example. */
const CHEN = {
  firstName: 'Michael',
  lastName: 'Chen',
  title: 'MD, PhD',
  specialty: 'Dermatology',
  subspecialty: 'Mohs Surgery',
  npiNumber: '9876543210',
  licenseNumber: 'CA54321',
  licenseState: 'CA',
  licenseExpiry: '2025-12-31',
  deaNumber: 'BC1234567',
  email: 'mchen@dermifi.com',
  phone: '+1 (555) 333-4444',
  locations: ['SF', 'San Jose'],
  languages: ['English', 'Mandarin', 'Cantonese'],
  acceptingNewPatients: true,
  education: [
    { degree: 'MD', institution: 'Harvard Medical School', year: 2010 },
    { degree: 'PhD', institution: 'MIT', year: 2008 },
  ],
  residency: { institution: 'UCSF', specialty: 'Dermatology', completionYear: 2014 },
  fellowship: { institution: 'Mayo Clinic', specialty: 'Mohs Surgery', completionYear: 2015 },
  certifications: ['American Board of Dermatology', 'American College of Mohs Surgery'],
};
const MINIMAL = { firstName: 'Ana', lastName: 'Silva', licenseNumber: 'X1', licenseState: 'CA' };

let api: Api;
let staff: Signed;

beforeAll(async () => {
  api = await openApi();
  staff = await api.user('staff');
  await seedPlaces(api);
}, 60_000);
afterAll(() => api.close());

const create = async (
  body: object,
  token = staff.token,
): Promise<Record<string, unknown> & { id: string }> => {
  const answer = await api.call('post', '/providers', { token, body });
  expect({ status: answer.status, body: answer.body as object }).toMatchObject({ status: 201 });
  return answer.body as Record<string, unknown> & { id: string };
};

test('a provider is added, listed and kept in FHIR as documented', async () => {
  const created = await create(CHEN);
  const { education, residency, fellowship, certifications, ...told } = CHEN;
  expect(created).toEqual({
    ...told,
    id: expect.stringMatching(/^prov_/),
    licenseVerified: false,
    status: 'pending_verification',
    createdAt: expect.stringMatching(UTC),
  });
  const list = await api.call('get', '/providers?specialty=dermatology&available=true&location=SF', {
    token: staff.token,
  });
  const { subspecialty, licenseExpiry, deaNumber, ...listed } = told;
  expect(list.body).toEqual({
    providers: [
      {
        ...listed,
        id: created.id,
        rating: null,
        reviewCount: null,
        yearsOfExperience: null,
        education,
        certifications,
      },
    ],
    total: 1,
  });
  expect([residency, fellowship, subspecialty, licenseExpiry, deaNumber]).not.toContain(undefined);
  for (const query of ['specialty=Podiatry', 'available=false', 'location=Oakland']) {
    expect((await api.call('get', `/providers?${query}`, { token: staff.token })).body).toEqual({
      providers: [],
      total: 0,
    });
  }

  // Golden: the FHIR that the example becomes.
  const practitioner = (await api.stored<Practitioner>('Practitioner', created.id.slice(5))).resource;
  const [role] = await api.find<PractitionerRole>(
    'PractitionerRole',
    `practitioner=Practitioner/${created.id.slice(5)}`,
  );
  const [provenance] = await api.find<Provenance>('Provenance', `target=Practitioner/${created.id.slice(5)}`);
  expectGolden(
    'provider',
    { practitioner, role, provenance },
    {
      [practitioner.id ?? '-']: 'provider',
      [role?.id ?? '-']: 'role',
      [provenance?.id ?? '-']: 'provenance',
      [staff.practice]: 'practice',
      [staff.id]: 'user',
    },
  );
  expect(checkMapping(providerMapping)).toEqual([]);
});

test('the same NPI twice is 409, in parallel, at another practice and for who is in the directory otherwise', async () => {
  const body = { ...MINIMAL, npiNumber: '1111111111' };
  const answers = await Promise.all(
    [1, 2, 3].map(() => api.call('post', '/providers', { token: staff.token, body })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  const stranger = await api.user('staff', { practice: 'Elsewhere Dermatology' });
  const npi = { system: 'http://hl7.org/fhir/sid/us-npi', value: '1111111112' };
  await api.write({
    kind: 'create',
    id: 'ehr',
    resource: { resourceType: 'Practitioner', identifier: [npi] },
  });
  for (const npiNumber of ['1111111111', '1111111112']) {
    const again = await api.call('post', '/providers', {
      token: stranger.token,
      body: { ...body, npiNumber },
    });
    expect(refusal(again)).toMatchObject({ status: 409, code: 'CONFLICT' });
  }
  const { body: list } = await api.call('get', '/providers', { token: stranger.token });
  expect(list).toMatchObject({ total: 0 });
});

test('what does not fit is refused with every field; unknown locations too', async () => {
  const answer = await api.call('post', '/providers', {
    token: staff.token,
    body: {
      ...MINIMAL,
      npiNumber: '123',
      deaNumber: 'B1',
      licenseState: 'California',
      education: [{ year: 'x' }],
      rating: 5,
    },
  });
  expect(refusal(answer)).toMatchObject({ status: 422, code: 'VALIDATION_ERROR' });
  expect(refusal(answer).fields.sort()).toEqual([
    'deaNumber',
    'education[0].year',
    'licenseState',
    'npiNumber',
    'rating',
  ]);
  const unknown = await api.call('post', '/providers', {
    token: staff.token,
    body: { ...MINIMAL, npiNumber: '2222222222', locations: ['SF', 'Paris'] },
  });
  expect(refusal(unknown)).toEqual({ status: 422, code: 'VALIDATION_ERROR', fields: ['locations[1]'] });
  const reader = await api.user('read-only');
  expect(refusal(await api.call('post', '/providers', { token: reader.token, body: CHEN })).status).toBe(403);
});

test('a provider is verified through FHIR and no longer listed when inactive', async () => {
  const { id } = await create({ ...MINIMAL, npiNumber: '1234567893' });
  const role = async (): Promise<PractitionerRole & { id: string }> =>
    (
      await api.find<PractitionerRole>('PractitionerRole', `practitioner=Practitioner/${id.slice(5)}`)
    )[0] as never;
  await api.write({ kind: 'put', resource: { ...(await role()), active: true } });
  const listed = async (): Promise<string[]> =>
    (
      (await api.call('get', '/providers', { token: staff.token })).body as { providers: { id: string }[] }
    ).providers.map((provider) => provider.id);
  expect(await listed()).toContain(id);
  await api.write({ kind: 'put', resource: { ...(await role()), active: false, extension: [] } });
  expect(await listed()).not.toContain(id);
});

/** What an operator's command prints, as JSON. */
async function command(...args: string[]): Promise<Record<string, unknown>[]> {
  const { identity, store, audit } = api.house;
  const open = { identity: { ...identity, close: () => Promise.resolve() }, store, trail: audit.trail };
  const program = new Command().exitOverride();
  registerIdentityCommands(program, () => Promise.resolve({ ...open, close: () => Promise.resolve() }));
  let printed = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  try {
    await program.parseAsync([...args, '--json'], { from: 'user' });
  } finally {
    write.mockRestore();
  }
  return JSON.parse(printed) as Record<string, unknown>[];
}

test('an operator sees who waits and what was found, and verifies', async () => {
  const { id } = await create({ ...MINIMAL, npiNumber: '5555555555', licenseExpiry: '2020-01-31' });
  const waiting = { id, name: 'Ana Silva', practice: staff.practice, npiNumber: '5555555555' };
  const findings = ['The check digit of the NPI is wrong.', 'The license has expired.'];
  const list = ['provider', 'list', '--practice', 'Bay Area Dermatology'];
  expect(await command(...list, '--status', 'pending_verification')).toContainEqual(
    expect.objectContaining({ ...waiting, status: 'pending_verification', findings }),
  );
  expect(await command('provider', 'verify', id)).toEqual([
    expect.objectContaining({ ...waiting, status: 'active', findings: [] }),
  ]);
  expect(await command(...list, '--status', 'active')).toContainEqual(expect.objectContaining({ id }));
  await expect(command('provider', 'verify', id)).rejects.toThrow(/does not wait for verification: active/);
  await expect(command('provider', 'verify', 'prov_nobody')).rejects.toThrow(/no provider prov_nobody/);
  await expect(command(...list, '--status', 'new')).rejects.toThrow(/--status takes pending_verification/);
});
