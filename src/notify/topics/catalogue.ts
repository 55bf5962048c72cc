import type { Basic } from '@medplum/fhirtypes';
import { ownDefinitions } from '../../fhir';
import { parseSearch } from '../../search';
import { EVERYTHING, type StoreAccess } from '../../store';
import { isTopic, readTopic, type Topic } from './topic';

let shipped: readonly Topic[] | undefined;

/** The topics of `fhir-profiles/topics`. */
function shippedTopics(): readonly Topic[] {
  shipped ??= ownDefinitions().flatMap((resource) =>
    resource.resourceType === 'Basic' && isTopic(resource) ? [readTopic(resource, undefined)] : [],
  );
  return shipped;
}

/** All topics that can be subscribed to: ours, and those posted as `Basic`; retired ones left out. */
export async function topicsIn(store: Pick<StoreAccess, 'search'>): Promise<Topic[]> {
  const posted: Topic[] = [];
  let cursor: string | undefined;
  do {
    const request = parseSearch('Basic', 'code=SubscriptionTopic&_count=1000');
    const page = await store.search(EVERYTHING, cursor === undefined ? request : { ...request, cursor });
    for (const { resource, access } of page.matches) {
      posted.push(readTopic(resource as Basic, access.length === 0 ? undefined : access));
    }
    cursor = page.next;
  } while (cursor !== undefined);
  return [...shippedTopics(), ...posted].filter(({ status, url }) => status !== 'retired' && url !== '');
}

/** The topic of a canonical URL for a subscriber of these practices (none: the whole deployment). */
export function findTopic<T>(
  topics: readonly T[],
  topicOf: (each: T) => Topic,
  canonical: string,
  practices: readonly string[],
): T | undefined {
  const [url] = canonical.split('|', 1);
  return topics.find((each) => {
    const topic = topicOf(each);
    if (topic.url !== url) return false;
    return (
      topic.practices === undefined ||
      practices.length === 0 ||
      topic.practices.some((practice) => practices.includes(practice))
    );
  });
}
