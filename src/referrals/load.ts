import type { Coverage, Patient, Resource, ServiceRequest, Task } from '@medplum/fhirtypes';
import { parseSearch } from '../search';
import { EVERYTHING, type StoreAccess, type Viewer } from '../store';
import type { ReferralResources } from './mapping';
import { idIn, isAddressed } from './parties';
import { firstTask } from './rules';
import { taggedStatus } from './status';

/** Orders that stay in the house are no referrals. */
const isListed = (sr: ServiceRequest): boolean => taggedStatus(sr) !== undefined || isAddressed(sr);

/** All resources of a referral that the viewer sees; undefined when there is no such referral for it. */
export async function loadReferral(
  access: StoreAccess,
  viewer: Viewer,
  id: string,
): Promise<ReferralResources | undefined> {
  const version = await access.read<ServiceRequest>(viewer, 'ServiceRequest', id);
  if (version === undefined || version.deleted || !isListed(version.resource)) return undefined;
  const related = await readRelated(access, viewer, [version.resource], true);
  const resources = related(version.resource);
  return resources.task === undefined ? { ...resources, ...(await searchTask(access, id)) } : resources;
}

/** An EHR's Task has an id of its own. Who may see the referral is told its status, whoever holds the Task. */
async function searchTask(access: StoreAccess, id: string): Promise<{ task?: Task }> {
  const query = new URLSearchParams({ focus: `ServiceRequest/${id}`, _count: '50' });
  const page = await access.search(EVERYTHING, parseSearch('Task', query.toString()));
  const task = firstTask(
    page.matches.map((match) => match.resource as Task),
    id,
  );
  return task === undefined ? {} : { task };
}

/** Reads what requests refer to, one query a type. The Task of a referral made here bears the request's id. */
export async function readRelated(
  access: StoreAccess,
  viewer: Viewer,
  requests: readonly ServiceRequest[],
  withTask = false,
): Promise<(sr: ServiceRequest) => ReferralResources> {
  const wanted = requests.flatMap((sr) => [
    ...references('Patient', idIn(sr.subject, 'Patient')),
    ...references('Coverage', idIn(sr.insurance?.[0], 'Coverage')),
    ...references('Task', withTask ? sr.id : undefined),
  ]);
  const read = await access.readMany(viewer, wanted);
  const byKey = new Map(
    read.filter((one) => !one.deleted).map((one) => [`${one.type}/${one.id}`, one.resource]),
  );
  const get = <T extends Resource>(type: T['resourceType'], id: string | undefined): T | undefined =>
    id === undefined ? undefined : (byKey.get(`${type}/${id}`) as T | undefined);
  return (sr) => {
    const patient = get<Patient>('Patient', idIn(sr.subject, 'Patient'));
    const coverage = get<Coverage>('Coverage', idIn(sr.insurance?.[0], 'Coverage'));
    const own = get<Task>('Task', sr.id);
    const task = idIn(own?.focus, 'ServiceRequest') === sr.id ? own : undefined;
    return { sr, ...(task && { task }), ...(patient && { patient }), ...(coverage && { coverage }) };
  };
}

function references<T extends Resource['resourceType']>(
  type: T,
  id: string | undefined,
): { type: T; id: string }[] {
  return id === undefined ? [] : [{ type, id }];
}
