import type { Composition } from '@medplum/fhirtypes';
import fc from 'fast-check';
import request from 'supertest';
import { noteMapping } from '../../src/chart';
import { checkMapping } from '../../src/mapping';
import { type Chart, openChart } from './chart-support';
import { type Api, expectGolden, refusal, type Signed, UTC } from './support';

let api: Api;
let staff: Signed;
let provider: Signed;
let prov: string;
let pat: string;
let newPatient: Chart['newPatient'];
let ehr: Chart['ehr'];
let encounter: Chart['encounter'];

beforeAll(async () => {
  ({ api, staff, provider, prov, pat, newPatient, ehr, encounter } = await openChart());
}, 60_000);
afterAll(() => api.close());

/** The body of the document's example, but for the visit. */
const NOTE = {
  type: 'progress_note',
  content: {
    chiefComplaint: 'Follow-up for acne treatment',
    hpi: 'Patient reports improvement with tretinoin...',
    examination: 'Facial examination shows decreased comedones...',
    assessment: 'Acne vulgaris - improving',
    plan: 'Continue current regimen, follow-up in 6 weeks',
  },
  icd10Codes: ['L70.0'],
  cptCodes: ['99213'],
  confidential: false,
};

describe('notes', () => {
  const add = async (body: object, token = provider.token) =>
    api.call('post', `/patients/pat_${pat}/notes`, { token, body });
  const shown = async (token: string): Promise<{ id: string }[]> =>
    (
      (await api.call('get', `/patients/pat_${pat}?include=notes`, { token })).body as {
        notes: { id: string }[];
      }
    ).notes;

  test('a note is signed and locked, as documented; golden FHIR', async () => {
    const [visit = ''] = await ehr(encounter('2024-01-20T14:00:00Z'));
    const answer = await add({ ...NOTE, visitId: `visit_${visit}` });
    const { confidential, ...told } = NOTE;
    const note = answer.body as { id: string };
    expect(answer.status).toBe(201);
    expect(note).toEqual({
      ...told,
      id: expect.stringMatching(/^note_/),
      patientId: `pat_${pat}`,
      visitId: `visit_${visit}`,
      createdAt: expect.stringMatching(UTC),
      createdBy: { id: prov, name: 'Dr. Emily Johnson' },
      signedAt: expect.stringMatching(UTC),
      locked: true,
    });
    expect(confidential).toBe(false);
    const { resource } = await api.stored<Composition>('Composition', note.id.slice(5));
    expectGolden('note', resource, {
      [note.id.slice(5)]: 'note',
      [pat]: 'patient',
      [visit]: 'visit',
      [prov.slice(5)]: 'provider',
      [provider.id]: 'user',
      [provider.practice]: 'practice',
    });
    expect(checkMapping(noteMapping)).toEqual([]);
    expect(await shown(staff.token)).toEqual([note]);

    const client = await api.house.identity.clients.create({ name: 'EHR', scope: 'system/*.*' });
    const { body } = await request(api.app)
      .post('/oauth2/token')
      .auth(client.clientId, client.clientSecret ?? '')
      .type('form')
      .send({ grant_type: 'client_credentials', scope: 'system/*.*' });
    const token = (body as { access_token: string }).access_token;
    const url = `/fhir/R4/Composition/${note.id.slice(5)}`;
    const put = await request(api.app)
      .put(url)
      .auth(token, { type: 'bearer' })
      .type('application/fhir+json')
      .send(JSON.stringify({ ...resource, title: 'Changed' }));
    expect(put.status).toBe(409);
    expect((await request(api.app).delete(url).auth(token, { type: 'bearer' })).status).toBe(409);
    expect((await api.stored<Composition>('Composition', note.id.slice(5))).version).toBe(1);
  });

  test('a confidential note is for the author, prescribers and administrators', async () => {
    const { body } = await add({ ...NOTE, confidential: true }, staff.token);
    const { id, createdBy } = body as { id: string; createdBy: object };
    expect(createdBy).toEqual({ id: staff.id, name: 'Sam Rivera' });
    const seenBy = async (role: string): Promise<boolean> =>
      (await shown((await api.user(role)).token)).some((note) => note.id === id);
    expect((await shown(staff.token)).some((note) => note.id === id)).toBe(true);
    expect(await seenBy('provider')).toBe(true);
    expect(await seenBy('admin')).toBe(true);
    expect(await seenBy('staff')).toBe(false);
    expect(await seenBy('read-only')).toBe(false);
  });

  test("another patient's visit, unknown fields and empty content are refused", async () => {
    const other = await newPatient();
    const [foreign = ''] = await ehr(
      encounter('2024-01-20T14:00:00Z', { subject: { reference: `Patient/${other}` } }),
    );
    for (const visitId of [`visit_${foreign}`, 'visit_none', 'enc_1']) {
      expect(refusal(await add({ ...NOTE, visitId }))).toEqual({
        status: 422,
        code: 'VALIDATION_ERROR',
        fields: ['visitId'],
      });
    }
    const answer = await add({ type: '', content: { mood: 'good' }, icd10Codes: ['acne'], author: 'me' });
    expect(refusal(answer).fields.sort()).toEqual(['author', 'content.mood', 'icd10Codes[0]', 'type']);
    for (const content of [{}, { plan: null }, { hpi: null, plan: null }]) {
      expect(refusal(await add({ type: 'progress_note', content })).fields).toEqual(['content']);
    }
    const stranger = await api.user('provider', { practice: 'Elsewhere Dermatology' });
    expect((await add(NOTE, stranger.token)).status).toBe(404);
  });

  test('every text of a note comes back as it went in', () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 200 })
      .map((value) => `x${value}<b>&amp;</b>\r\n\t"'`);
    const note = fc.record({
      type: fc.constantFrom('progress_note', 'consultation_note', 'Something else'),
      content: fc.record({
        chiefComplaint: fc.option(text),
        hpi: fc.option(text),
        examination: fc.option(text),
        assessment: text,
        plan: fc.option(text),
      }),
      icd10Codes: fc.array(fc.stringMatching(/^[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?$/), { maxLength: 4 }),
      cptCodes: fc.array(fc.stringMatching(/^[0-9]{4}[0-9A-Z]$/), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(note, (values) => {
        const { bound, issues } = noteMapping.write(values);
        expect(issues).toEqual([]);
        expect(noteMapping.read(bound, 'created', { createdBy: null })).toMatchObject(values);
      }),
      { numRuns: 300 },
    );
  });
});
