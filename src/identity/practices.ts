import type { Organization } from '@medplum/fhirtypes';
import { randomUUID } from 'node:crypto';
import { ProblemError } from '../fhir';
import { EVERYTHING, type Store } from '../store';
import { isDuplicate, type PracticeRecord, type Records } from './records';

/** A practice: an Organization of the directory that has keys, users or clients. */
export interface Practice {
  /** Organization id. */
  id: string;
  name: string;
}

export interface Practices {
  /**
   * The practice of that name, made when there is none; its Organization too. An Organization of that name that
   * the directory already has becomes the practice, so that what was addressed to it is its own.
   * @throws ProblemError invalid when the name is empty.
   */
  create(name: string): Promise<Practice>;
  /** All, by name. */
  list(): Promise<Practice[]>;
  /** By id, or by name with case and spacing folded. */
  find(idOrName: string): Promise<Practice | undefined>;
  /** @throws ProblemError invalid naming the practice that is not known. */
  get(idOrName: string): Promise<Practice>;
}

/** Finds Organizations of the directory by name; the name is matched as the caller sees fit. */
export type OrganizationsNamed = (name: string) => Promise<Organization[]>;

/** Case, spacing and Unicode form do not make another name. */
function foldName(name: string): string {
  return name.normalize('NFKC').trim().replace(/\s+/g, ' ').toLowerCase();
}

export function createPractices(
  { practices }: Pick<Records, 'practices'>,
  store: Store,
  organizationsNamed: OrganizationsNamed,
  clock: () => Date,
): Practices {
  const find = async (idOrName: string): Promise<Practice | undefined> => {
    const either = [{ _id: idOrName }, { folded: foldName(idOrName) }];
    const found = await practices.find({ $or: either }).lean();
    // What has the id comes before what is called so.
    const practice = found.find(({ _id }) => _id === idOrName) ?? found[0];
    return practice === undefined ? undefined : practiceOf(practice);
  };

  const create = async (given: string): Promise<Practice> => {
    const name = given.trim().replace(/\s+/g, ' ');
    if (name === '') throw new ProblemError('invalid', 'A practice needs a name.');
    const practice =
      (await find(name)) ??
      (await insert(practices, { name, organizationsNamed, at: clock() })) ??
      (await find(name));
    if (practice === undefined)
      throw new ProblemError('conflict', `The practice "${name}" is being changed. Try again.`);
    await ensureOrganization(store, practice);
    return practice;
  };

  return {
    create,
    find,
    async list() {
      const all = await practices.find().sort({ folded: 1 }).lean();
      return all.map(practiceOf);
    },
    async get(idOrName) {
      const practice = await find(idOrName);
      if (practice === undefined) throw new ProblemError('invalid', `There is no practice "${idOrName}".`);
      return practice;
    },
  };
}

function practiceOf({ _id, name }: PracticeRecord): Practice {
  return { id: _id, name };
}

/** Undefined when another process was faster: the unique index on the folded name lets one win. */
async function insert(
  practices: Records['practices'],
  { name, organizationsNamed, at }: { name: string; organizationsNamed: OrganizationsNamed; at: Date },
): Promise<Practice | undefined> {
  const folded = foldName(name);
  const known = (await organizationsNamed(name)).find((each) => foldName(each.name ?? '') === folded);
  const record = { _id: known?.id ?? randomUUID(), name: known?.name ?? name, folded, createdAt: at };
  try {
    await practices.insertOne(record);
    return practiceOf(record);
  } catch (error) {
    if (isDuplicate(error)) return undefined;
    throw error;
  }
}

/** The Organization comes after the record that reserves the name; a create cut short is finished by the next one. */
async function ensureOrganization(store: Store, { id, name }: Practice): Promise<void> {
  if ((await store.read(EVERYTHING, 'Organization', id)) !== undefined) return;
  const resource: Organization & { id: string } = { resourceType: 'Organization', id, active: true, name };
  const author = { id: 'identity', name: 'Crosswalk', kind: 'system' };
  try {
    await store.commit([{ kind: 'put', resource, ifVersion: 0 }], {
      viewer: EVERYTHING,
      requestId: `identity-${randomUUID()}`,
      author,
    });
  } catch (error) {
    const made = error instanceof ProblemError && ['conflict', 'precondition-failed'].includes(error.code);
    if (!made) throw error;
  }
}
