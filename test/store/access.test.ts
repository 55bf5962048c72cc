import type {
  Coverage,
  Observation,
  Patient,
  Resource,
  ResourceType,
  ServiceRequest,
  Task,
} from '@medplum/fhirtypes';
import { parseSearch, type SearchRequest } from '../../src/search';
import { type Change, EVERYTHING, type StoredVersion, type Viewer } from '../../src/store';
import { as, patient, testStore, type TestStore } from './support';

let it_: TestStore;
beforeAll(async () => {
  it_ = await testStore();
});
afterAll(() => it_.close());

const A = { practice: 'practice-a' };
const B = { practice: 'practice-b' };

async function create<T extends Resource>(
  resource: T,
  writer?: string,
  share?: string[],
): Promise<StoredVersion<T>> {
  const change: Change = { kind: 'create', resource, ...(share === undefined ? {} : { share }) };
  const [made] = await it_.store.commit([change], as(writer));
  return made as unknown as StoredVersion<T>;
}

const seenBy = async (viewer: Viewer, made: StoredVersion): Promise<boolean> =>
  (await it_.store.read(viewer, made.type, made.id)) !== undefined;

const reference = (made: StoredVersion): { reference: string } => ({ reference: `${made.type}/${made.id}` });

const organization = (id: string): { reference: string } => ({ reference: `Organization/${id}` });

describe('what a practice writes', () => {
  test('is seen by it and by the deployment, and by no other practice, whichever way it looks', async () => {
    const made = await create(patient('Own'), A.practice);
    expect([await seenBy(A, made), await seenBy(EVERYTHING, made), await seenBy(B, made)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(made.access).toEqual(['practice-a']);
    expect(await it_.store.readMany(B, [made])).toEqual([]);
    expect(await it_.store.readVersion(B, 'Patient', made.id, 1)).toBeUndefined();
    expect((await it_.store.history(B, { type: 'Patient', id: made.id, count: 5 })).versions).toEqual([]);
    expect(
      (await it_.store.history(B, { type: 'Patient', count: 50 })).versions.map(({ id }) => id),
    ).not.toContain(made.id);
    expect((await it_.store.history(A, { count: 50 })).versions.map(({ id }) => id)).toContain(made.id);
  });

  test('cannot be overwritten, deleted or taken over by another, which learns nothing', async () => {
    const made = await create(patient('Own'), A.practice);
    const put: Change = { kind: 'put', resource: { ...patient('Mine now'), id: made.id } };
    await expect(it_.store.commit([put], as(B.practice))).rejects.toMatchObject({ status: 404 });
    const [none] = await it_.store.commit([{ kind: 'delete', type: 'Patient', id: made.id }], as(B.practice));
    const [never] = await it_.store.commit(
      [{ kind: 'delete', type: 'Patient', id: 'never-was' }],
      as(B.practice),
    );
    expect({ ...none, id: '', resource: '' }).toEqual({ ...never, id: '', resource: '' });
    expect((await it_.store.read<Patient>(A, 'Patient', made.id))?.resource.name).toEqual([
      { family: 'Own' },
    ]);
  });

  test('can be shared, and stays so in later versions', async () => {
    const made = await create(patient('Shared'), A.practice, ['practice-b']);
    expect(await seenBy(B, made)).toBe(true);
    await it_.store.commit([{ kind: 'put', resource: { ...patient('Again'), id: made.id } }], as(A.practice));
    expect(await seenBy(B, made)).toBe(true);
  });
});

test('the directory is everybody’s to read and its owner’s to change', async () => {
  const made = await create({
    resourceType: 'HealthcareService',
    name: 'IOP',
    providedBy: organization('practice-b'),
  });
  expect(await seenBy(A, made)).toBe(true);
  const put: Change = {
    kind: 'put',
    resource: { resourceType: 'HealthcareService', id: made.id, name: 'Other' },
  };
  await expect(it_.store.commit([put], as(A.practice))).rejects.toMatchObject({ status: 403 });
  await expect(it_.store.commit([put], as(B.practice))).resolves.toMatchObject([{ version: 2 }]);
  expect((await it_.store.history(A, { type: 'HealthcareService', count: 9 })).versions).toHaveLength(2);
});

describe('a referral', () => {
  const coverage = (of: StoredVersion): Coverage => ({
    resourceType: 'Coverage',
    status: 'active',
    beneficiary: reference(of),
    payor: [{ display: 'AHCCCS' }],
  });
  const request = (of: StoredVersion, to: object, insurance?: StoredVersion): ServiceRequest => ({
    resourceType: 'ServiceRequest',
    status: 'active',
    intent: 'order',
    subject: reference(of),
    performer: [to],
    ...(insurance === undefined ? {} : { insurance: [reference(insurance)] }),
  });

  test('opens itself, its patient and the insurance to the practice it is addressed to, without new versions', async () => {
    const subject = await create(patient('Client'), A.practice);
    const insurance = await create(coverage(subject), A.practice);
    const beside = await create<Observation>(
      { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: reference(subject) },
      A.practice,
    );
    const made = await create(request(subject, organization('practice-b'), insurance), A.practice);
    expect(await Promise.all([made, subject, insurance, beside].map((one) => seenBy(B, one)))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect((await it_.store.read(B, 'Patient', subject.id))?.version).toBe(1);
    expect(
      (await it_.store.history(EVERYTHING, { type: 'Patient', id: subject.id, count: 9 })).versions,
    ).toHaveLength(1);
  });

  test('in one commit with its patient opens both at once', async () => {
    const id = 'client-in-bundle';
    const subject = { type: 'Patient', id } as StoredVersion;
    const changes: Change[] = [
      { kind: 'create', resource: request(subject, organization('practice-b')) },
      { kind: 'create', id, resource: patient('Bundle') },
    ];
    await it_.store.commit(changes, as(A.practice));
    expect(await seenBy(B, subject)).toBe(true);
  });

  test('reaches the practice behind a service, and through a Task all that the request carries', async () => {
    const service = await create({
      resourceType: 'HealthcareService',
      providedBy: organization('practice-b'),
    });
    const subject = await create(patient('Behind'), A.practice);
    const insurance = await create(coverage(subject), A.practice);
    const made = await create(request(subject, { display: 'someone' }, insurance), A.practice);
    expect(await seenBy(B, made)).toBe(false);
    const task: Task = {
      resourceType: 'Task',
      status: 'requested',
      intent: 'order',
      focus: reference(made),
      owner: reference(service),
    };
    const handed = await create(task, A.practice);
    expect(await Promise.all([handed, made, subject, insurance].map((one) => seenBy(B, one)))).toEqual([
      true,
      true,
      true,
      true,
    ]);
  });

  test('opens nothing that the writer does not see itself', async () => {
    const foreign = await create(patient('Foreign'), B.practice);
    await create(request(foreign, organization('practice-a')), A.practice);
    expect(await seenBy(A, foreign)).toBe(false);
  });

  test('opened while the patient is being written is not lost', async () => {
    const subject = await create(patient('Contended'), A.practice);
    await Promise.all([
      ...Array.from({ length: 10 }, (_, i) =>
        it_.store.commit(
          [{ kind: 'put', resource: { ...patient(`V${i}`), id: subject.id } }],
          as(A.practice),
        ),
      ),
      create(request(subject, organization('practice-b')), A.practice),
      create(request(subject, organization('practice-c')), A.practice),
    ]);
    const found = await it_.store.read({ practice: 'practice-c' }, 'Patient', subject.id);
    expect(found?.access).toEqual(expect.arrayContaining(['practice-a', 'practice-b', 'practice-c']));
    expect(found?.version).toBe(11);
  });
});

test('what the deployment writes about a patient is seen by the practices that hold the patient', async () => {
  const subject = await create(patient('Held'), A.practice, ['practice-b']);
  const result: Observation = {
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    subject: reference(subject),
  };
  const made = await create(result);
  expect(made.access).toEqual(['practice-a', 'practice-b']);
  const unheld = await create({ ...result, subject: { reference: 'Patient/unknown' } });
  expect(unheld.access).toEqual([]);
});

describe('SMART row limits', () => {
  const labs = (type: ResourceType): boolean | readonly SearchRequest[] =>
    type === 'Observation' ? [parseSearch('Observation', [['category', 'laboratory']])] : type === 'Patient';
  const viewer = { practice: 'practice-a', rows: labs };
  const observation = (category: string): Observation => ({
    resourceType: 'Observation',
    status: 'final',
    code: { text: 'x' },
    category: [{ coding: [{ code: category }] }],
  });

  test('hold for reads, versions, history and writes', async () => {
    const lab = await create(observation('laboratory'), A.practice);
    const vital = await create(observation('vital-signs'), A.practice);
    expect([await seenBy(viewer, lab), await seenBy(viewer, vital)]).toEqual([true, false]);
    expect((await it_.store.readMany(viewer, [lab, vital])).map(({ id }) => id)).toEqual([lab.id]);
    const change = (one: StoredVersion): Change => ({
      kind: 'put',
      resource: { ...observation('laboratory'), id: one.id },
    });
    await expect(it_.store.commit([change(vital)], { ...as(), viewer })).rejects.toMatchObject({
      status: 404,
    });
    const history = await it_.store.history(viewer, { type: 'Observation', count: 50 });
    expect(history.versions.map(({ id }) => id)).toContain(lab.id);
    expect(history.versions.map(({ id }) => id)).not.toContain(vital.id);
    await it_.store.commit([change(vital)], as(A.practice));
    expect(await seenBy(viewer, vital)).toBe(true);
    expect(await it_.store.readVersion(viewer, 'Observation', vital.id, 1)).toBeUndefined();
    const versions = (await it_.store.history(viewer, { type: 'Observation', id: vital.id, count: 5 }))
      .versions;
    expect(versions.map(({ version }) => version)).toEqual([2]);
    expect(await it_.store.read(viewer, 'Flag', 'any')).toBeUndefined();
  });
});
