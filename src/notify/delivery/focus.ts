import type { ResourceType } from '@medplum/fhirtypes';
import { gathered, type Store, type StoredVersion, type Viewer } from '../../store';
import type { Told } from '../payloads';
import { parseShape } from '../topics';
import type { CompiledSubscription, Delivery } from '../types';

/** A version that somebody wants to see. */
interface Wanted {
  viewer: Viewer;
  type: ResourceType;
  id: string;
  version: number;
}

/** Reads the versions that notices are about, as their subscribers may see them now. */
export interface FocusReader {
  /** Undefined when the viewer may not see the resource, or saw not that version. */
  read(wanted: Wanted): Promise<StoredVersion | undefined>;
}

/** Those of the calls under way that look with the same eyes are read in one query a type. */
export function createFocusReader(store: Store): FocusReader {
  const present = gathered(async (wanted: readonly Wanted[]) => {
    const groups = new Map<unknown, Wanted[]>();
    for (const each of wanted) {
      const key = each.viewer.rows === undefined ? (each.viewer.practice ?? '') : each.viewer;
      groups.set(key, [...(groups.get(key) ?? []), each]);
    }
    const found = new Map<unknown, Map<string, StoredVersion>>();
    await Promise.all(
      [...groups].map(async ([key, group]) => {
        const versions = await store.readMany(group[0]?.viewer ?? {}, group);
        found.set(key, new Map(versions.map((each) => [`${each.type}/${each.id}`, each])));
      }),
    );
    return wanted.map(({ viewer, type, id }) =>
      found.get(viewer.rows === undefined ? (viewer.practice ?? '') : viewer)?.get(`${type}/${id}`),
    );
  });
  return {
    async read(wanted) {
      const { viewer, type, id, version } = wanted;
      // What was deleted is found one by one.
      const now = (await present(wanted)) ?? (await store.read(viewer, type, id));
      if (now === undefined || now.version === version) return now;
      return store.readVersion(viewer, type, id, version);
    },
  };
}

export interface LookUpContext {
  store: Store;
  focus: FocusReader;
  /** Includes of the topic's notification shape for resources of a type: `_include=...&_revinclude=...`. */
  shapeOf(subscription: CompiledSubscription, type: string): string | undefined;
}

/** The focus of each notice as the viewer may see it now, with what the topic includes. Who lost access sees nothing. */
export async function lookUp(
  context: LookUpContext,
  subscription: CompiledSubscription,
  viewer: Viewer | undefined,
  batch: readonly Delivery[],
): Promise<Told[]> {
  return Promise.all(
    batch.map(async (delivery): Promise<Told> => {
      const { type, id, version } = delivery.focus;
      const hidden = { delivery, visible: false, resource: undefined, included: [] };
      if (viewer === undefined) return hidden;
      // A trial delivery is about no version of anything.
      if (version === 0) return { ...hidden, visible: true };
      const found = await context.focus.read({ viewer, type, id, version });
      if (found === undefined) return hidden;
      return {
        delivery,
        visible: true,
        resource: found.resource,
        included: found.deleted ? [] : await includedWith(context, subscription, viewer, delivery),
      };
    }),
  );
}

async function includedWith(
  { store, shapeOf }: LookUpContext,
  subscription: CompiledSubscription,
  viewer: Viewer,
  { focus }: Delivery,
) {
  const shape = shapeOf(subscription, focus.type);
  if (shape === undefined) return [];
  const { included } = await store.search(viewer, parseShape(focus.type, focus.id, shape));
  return included.map(({ resource }) => resource);
}
