/**
 * Index fields of resources that have much in common: what the common elements bring is worked out once. Made for
 * AuditEvents, whose agents and codes are the same a thousand times.
 */
import type { Resource } from '@medplum/fhirtypes';
import { indexEntries } from '../entries';
import { isContentIndexed } from '../parameters/content';
import type { TypeLayout } from '../parameters/layout';
import { layout } from '../parameters/registry';
import type { IndexFields } from '../types';
import { extractIndex } from '.';

/** Top-level elements that many resources of a type share, and a text that is the same exactly when they are. */
export interface SharedElements {
  key: string;
  elements: readonly string[];
}

interface Known {
  layout: TypeLayout;
  fields: IndexFields;
  /** For how many viewers each entry is written: the deployment, and each practice. */
  viewers: number;
}

/** Shared elements that are remembered; then all are forgotten. */
const KNOWN_LIMIT = 1_000;

const known = new Map<string, Known>();

/** The same as `indexEntries(extractIndex(resource), access, type)`, in another order. */
export function sharedIndexEntries(
  resource: Resource,
  { key, elements }: SharedElements,
  access: readonly string[],
): IndexFields {
  const type = resource.resourceType;
  const made = layout(type);
  // Words are of the whole resource, and written once.
  if ('text' in resource || isContentIndexed(type)) return indexEntries(extractIndex(resource), access, type);
  const name = `${type} ${access.join(' ')} ${key}`;
  let shared = known.get(name);
  if (shared?.layout !== made) {
    if (!isSum(made, elements)) return indexEntries(extractIndex(resource), access, type);
    if (known.size >= KNOWN_LIMIT) known.clear();
    shared = {
      layout: made,
      fields: indexEntries(extractIndex(pick(resource, elements, true)), access, type),
      viewers: indexEntries({ index: [], words: [], ranges: [], sort: {} }, access, type).index.length,
    };
    known.set(name, shared);
  }
  return joined(shared, indexEntries(extractIndex(pick(resource, elements, false)), access, type));
}

/**
 * Whether what a resource brings is the sum of what these elements and the others bring: each field has its values
 * from one side only, and no expression looks at both.
 */
function isSum({ fields, composites }: TypeLayout, elements: readonly string[]): boolean {
  const oneSided = fields.every(({ branches }) => {
    const common = branches.filter(({ steps }) => elements.includes(steps[0]?.key ?? ''));
    return common.length === 0 || common.length === branches.length;
  });
  return oneSided && composites.length === 0 && fields.every(({ evaluated }) => evaluated.length === 0);
}

function pick(resource: Resource, elements: readonly string[], common: boolean): Resource {
  const picked: Record<string, unknown> = { resourceType: resource.resourceType };
  for (const [name, value] of Object.entries(resource)) {
    if (elements.includes(name) === common) picked[name] = value;
  }
  return picked as unknown as Resource;
}

/** The first entry for each viewer is the one that every document has: it is there already. */
function joined({ fields: shared, viewers }: Known, own: IndexFields): IndexFields {
  const added = (entries: readonly string[]): string[] => {
    const each = entries.length / viewers;
    return entries.filter((_, i) => i % each !== 0);
  };
  const list = shared.list?.concat(added(own.list ?? []));
  return {
    index: shared.index.concat(added(own.index)),
    ranges: shared.ranges.concat(own.ranges),
    sort: { ...shared.sort, ...own.sort },
    ...(list === undefined ? {} : { list }),
  };
}
