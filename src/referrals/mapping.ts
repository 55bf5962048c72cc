import type { Coverage, Extension, HumanName, Patient, ServiceRequest, Task } from '@medplum/fhirtypes';
import { CANONICAL_BASE, referencedId } from '../fhir';
import { type Derive, loadMapping, type Mapping, toSecond } from '../mapping';
import { statusOfRequest, statusOfTask, taggedStatus } from './status';

/** A referral in the vendor's fields. HandoffRx, "Referrals". */
export type ReferralView = Record<string, unknown>;

/** The resources of one referral. An EHR's may come without Task or Coverage, or with a Patient that is not to be seen. */
export interface ReferralResources {
  sr: ServiceRequest;
  task?: Task;
  patient?: Patient;
  coverage?: Coverage;
}

/** What derived fields need besides the resources. */
export interface ReferralContext {
  /** Name of an Organization of the directory. */
  organizationName(id: string): string | undefined;
  /** Practice of a provider of the directory, a HealthcareService. */
  practiceOf(id: string): string | undefined;
  /** When a ServiceRequest was first written, where that was another version than the present one. */
  firstWritten(id: string): Date | undefined;
}

const EXTENSION = `${CANONICAL_BASE}/StructureDefinition/`;
export const FACTS_SENT = `${EXTENSION}client-facts-sent`;
export const NAME_AS_SENT = `${EXTENSION}client-name-as-sent`;
export type ClientFact = 'name' | 'birth-date' | 'ahcccs-id';

type Bound = Partial<ReferralResources>;

const named = (part: (name: HumanName) => string | undefined): Derive => {
  return (value, bound) => {
    const sent = extensionsOf(bound, NAME_AS_SENT)[0]?.valueHumanName;
    return (sent === undefined ? undefined : part(sent)) ?? value;
  };
};

/** The Patient may know more than this referral said (decisions: "every referral reads back as it was sent"). */
const ifSent = (fact: ClientFact): Derive => {
  return (value, bound) => {
    const facts = extensionsOf(bound, FACTS_SENT).map((extension) => extension.valueCode);
    return facts.length === 0 || facts.includes(fact) ? value : undefined;
  };
};

const derive: Readonly<Record<string, Derive>> = {
  firstNameAsSent: named((name) => name.given?.[0]),
  lastNameAsSent: named((name) => name.family),
  birthDateIfSent: ifSent('birth-date'),
  ahcccsIdIfSent: ifSent('ahcccs-id'),
  orFalse: (value) => value ?? false,
  practiceName: (value, bound, context) => value ?? addresseeName(bound as Bound, context as ReferralContext),
  orStatusOfRequest: (value, bound) => {
    const { sr } = bound as Bound;
    return value ?? (sr === undefined ? undefined : (taggedStatus(sr) ?? statusOfRequest(sr)));
  },
  orFirstWritten: (value, bound, context) => {
    const { sr } = bound as Bound;
    const first = (context as ReferralContext).firstWritten(sr?.id ?? '');
    const time = first ?? sr?.meta?.lastUpdated;
    return value ?? (time === undefined ? undefined : toSecond(time));
  },
  latestNote: (_value, bound) => latestNote((bound as Bound).task),
};

function extensionsOf(bound: object, url: string): Extension[] {
  return (bound as Bound).sr?.extension?.filter((extension) => extension.url === url) ?? [];
}

function addresseeName({ sr, task }: Bound, context: ReferralContext): string | undefined {
  for (const reference of [...(sr?.performer ?? []), ...(task?.owner === undefined ? [] : [task.owner])]) {
    const organization = referencedId(reference, 'Organization');
    const service = referencedId(reference, 'HealthcareService');
    const name =
      (organization === undefined ? undefined : context.organizationName(organization)) ??
      (service === undefined ? undefined : context.practiceOf(service));
    if (name !== undefined) return name;
  }
  return undefined;
}

/** The note with the latest time; one without a time came after those before it. */
function latestNote(task: Task | undefined): string | undefined {
  let text: string | undefined;
  let latest = -Infinity;
  for (const note of task?.note ?? []) {
    const time = note.time === undefined ? latest : Date.parse(note.time);
    if (time < latest) continue;
    latest = time;
    ({ text } = note);
  }
  return text;
}

/** `mappings/handoffrx/referral.yaml`, compiled. */
export const referralMapping: Mapping = loadMapping('handoffrx/referral', { derive });

/** The status that a referral has for everybody: its Task's, without one its request's. */
export function statusOfReferral({
  sr,
  task,
}: Pick<ReferralResources, 'sr' | 'task'>): ReturnType<typeof statusOfTask> {
  return task === undefined ? (taggedStatus(sr) ?? statusOfRequest(sr)) : statusOfTask(task);
}
