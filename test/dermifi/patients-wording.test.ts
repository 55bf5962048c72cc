import type { Patient } from '@medplum/fhirtypes';
import { serverContext } from '../../src/house';
import { MINIMAL, patientsOf } from './patient-support';
import { type Api, openApi, type Signed } from './support';

/** What an EHR says of a patient in its own words beside what the API shows of it. */

let api: Api;
let staff: Signed;

beforeAll(async () => {
  api = await openApi();
  staff = await api.user('staff');
}, 60_000);
afterAll(() => api.close());

const { create, read, update } = patientsOf(() => ({ api, staff }));

const EMERGENCY = {
  coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0131', code: 'C' }],
};
const WORDED: Patient & { id: string } = {
  resourceType: 'Patient',
  id: 'worded',
  name: [
    { text: 'Jane A. Doe', given: ['Jane', 'A.'], family: 'Doe' },
    { use: 'nickname', text: 'JJ' },
  ],
  address: [{ text: '1 Old St, Town', line: ['1 Old St'], city: 'Town' }],
  contact: [
    {
      relationship: [EMERGENCY, { text: 'Wife' }],
      name: { given: ['Ann'], family: 'Doe' },
      telecom: [{ system: 'phone', value: '333' }],
    },
  ],
};

async function written(): Promise<Patient> {
  return (await api.stored<Patient>('Patient', WORDED.id)).resource;
}

beforeEach(() =>
  api.house.store.commit([{ kind: 'put', resource: WORDED }], {
    viewer: { practice: staff.practice },
    requestId: 't',
    author: { id: 't', name: 't', kind: 'system' },
  }),
);

test('a name and an address that are changed are no longer written out as they were', async () => {
  await update('pat_worded', { phone: '+1 555 123' });
  expect(await written()).toMatchObject({ name: WORDED.name, address: WORDED.address });
  await update('pat_worded', { firstName: 'Janet', address: { street: '9 New St', city: 'Town' } });
  const { name, address } = await written();
  expect(name).toEqual([{ given: ['Janet', 'A.'], family: 'Doe' }, WORDED.name?.[1]]);
  expect(address).toEqual([{ line: ['9 New St'], city: 'Town' }]);
});

test('names, addresses and numbers of before are neither shown nor written over', async () => {
  const ended = { period: { start: '1990', end: '2001-01' } };
  const before = {
    name: [
      { use: 'maiden' as const, family: 'Roe', given: ['Jane'] },
      { family: 'Moe', ...ended },
    ],
    telecom: [{ system: 'phone' as const, value: '111', ...ended }],
    address: [{ city: 'Then', ...ended }],
  };
  const now = {
    name: { family: 'Doe', given: ['Jane'], period: { start: '2001', end: '9999' } },
    telecom: { system: 'phone' as const, value: '222' },
    address: { city: 'Now' },
  };
  const resource = {
    ...WORDED,
    name: [...before.name, now.name],
    telecom: [...before.telecom, now.telecom],
    address: [...before.address, now.address],
  };
  await api.house.store.commit([{ kind: 'put', resource }], serverContext());
  expect(await read('pat_worded')).toMatchObject({ lastName: 'Doe', phone: '222', address: { city: 'Now' } });
  await update('pat_worded', { lastName: 'Poe', phone: '333', address: { city: 'Next' } });
  expect(await written()).toMatchObject({
    name: [...before.name, { ...now.name, family: 'Poe' }],
    telecom: [...before.telecom, { value: '333' }],
    address: [...before.address, { city: 'Next' }],
  });
});

test('an emergency contact is replaced whole, and null clears it, however it was written', async () => {
  const { emergencyContact } = await read('pat_worded');
  expect(emergencyContact).toEqual({ name: 'Ann Doe', relationship: 'Wife', phone: '333' });
  await update('pat_worded', { emergencyContact });
  expect((await written()).contact?.[0]?.name).toEqual({ ...WORDED.contact?.[0]?.name, text: 'Ann Doe' });
  await update('pat_worded', { emergencyContact: { name: 'Bob Smith' } });
  expect((await written()).contact).toEqual([
    { relationship: [{ coding: EMERGENCY.coding }], name: { text: 'Bob Smith' } },
  ]);
  expect(await read('pat_worded')).toMatchObject({
    emergencyContact: { name: 'Bob Smith', relationship: null, phone: null },
  });
  await update('pat_worded', { emergencyContact: null });
  expect((await written()).contact).toBeUndefined();
});

test.each([
  { relationship: 'spouse' },
  { name: 'Ann Doe' },
  { phone: '333' },
  { name: 'Bo', relationship: 'son' },
])('an emergency contact of whom little is known is kept: %j', async (known) => {
  const whole = { name: null, relationship: null, phone: null, ...known };
  const { id } = await create({ ...MINIMAL, firstName: JSON.stringify(known), emergencyContact: known });
  expect(await read(id)).toMatchObject({ emergencyContact: whole });
  await update('pat_worded', { emergencyContact: known });
  expect(await read('pat_worded')).toMatchObject({ emergencyContact: whole });
  await update('pat_worded', { emergencyContact: null });
  expect((await written()).contact).toBeUndefined();
});
