import type { Basic } from '@medplum/fhirtypes';
import { ownDefinitions } from '../../fhir';
import { parseSearch } from '../../search';
import { EVERYTHING, pagesOf, type StoreAccess } from '../../store';
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
  const request = parseSearch('Basic', 'code=SubscriptionTopic&_count=1000');
  for await (const { matches } of pagesOf(store, EVERYTHING, request)) {
    for (const { resource, access } of matches)
      posted.push(readTopic(resource as Basic, access.length === 0 ? undefined : access));
  }
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
