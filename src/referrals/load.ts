import { referencedId } from '../fhir';
import type { Coverage, Patient, ServiceRequest, Task } from '@medplum/fhirtypes';
import { parseSearch } from '../search';
import { EVERYTHING, type StoreAccess, type Viewer, lookUpMany } from '../store';
import type { ReferralResources } from './mapping';
import { isAddressed } from './parties';
import { firstTask } from './rules';
import { taggedStatus } from './status';

/** Orders that stay in the house are no referrals. */
const isListed = (sr: ServiceRequest): boolean => taggedStatus(sr) !== undefined || isAddressed(sr);

/** A referral as it was found. */
export interface LoadedReferral {
  resources: ReferralResources;
  /** When its ServiceRequest was first written, where that was another version than the present one. */
  firstWritten?: Date;
}

/** All resources of a referral that the viewer sees; undefined when there is no such referral for it. */
export async function loadReferral(
  access: StoreAccess,
  viewer: Viewer,
  id: string,
): Promise<LoadedReferral | undefined> {
  const version = await access.read<ServiceRequest>(viewer, 'ServiceRequest', id);
  if (version === undefined || version.deleted || !isListed(version.resource)) return undefined;
  const { resource: sr, firstWritten } = version;
  const resources = (await readRelated(access, viewer, [sr], true))(sr);
  const task = resources.task === undefined ? await searchTask(access, id) : {};
  return { resources: { ...resources, ...task }, ...(firstWritten !== undefined && { firstWritten }) };
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
    ['Patient', referencedId(sr.subject, 'Patient')] as const,
    ['Coverage', referencedId(sr.insurance?.[0], 'Coverage')] as const,
    ['Task', withTask ? sr.id : undefined] as const,
  ]);
  const get = await lookUpMany(access, viewer, wanted);
  return (sr) => {
    const patient = get<Patient>('Patient', referencedId(sr.subject, 'Patient'));
    const coverage = get<Coverage>('Coverage', referencedId(sr.insurance?.[0], 'Coverage'));
    const own = get<Task>('Task', sr.id);
    const task = referencedId(own?.focus, 'ServiceRequest') === sr.id ? own : undefined;
    return { sr, ...(task && { task }), ...(patient && { patient }), ...(coverage && { coverage }) };
  };
}
