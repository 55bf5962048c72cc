/** Grants: a practice comes to see a document that is addressed to it together with another, without a new version. */
import type { ResourceType } from '@medplum/fhirtypes';
import { carried, mayRead } from './access';
import type { RecordDocument } from './documents';
import { restoreDecimals } from '../fhir';
import { TransactionConflict } from './failures';
import { addGrant, type Grants } from './holders';
import { indexFields } from './indexing';
import { addId, findByIds, inSession, type Scope } from './scope';
import type { Viewer } from './types';

/** How far grants follow what granted documents carry: Task, its ServiceRequest, its Patient and Coverage. */
const MAX_DEPTH = 3;

/**
 * Adds the practices to the documents' access and remakes their index entries, in the scope's transaction. Content,
 * version and history stay. What a granted document carries itself (the Coverage of a Task's ServiceRequest) follows.
 * Only documents that the writer may see are opened: nobody opens what is not theirs by pointing at it.
 */
export async function applyGrants(scope: Scope, grants: Grants, viewer: Viewer): Promise<void> {
  let wave = grants;
  for (let depth = 0; depth < MAX_DEPTH && wave.size > 0; depth++) {
    const wanted = new Map<ResourceType, Set<string>>();
    for (const { target } of wave.values()) addId(wanted, target.type, target.id);
    const following: Grants = new Map();
    for (const { type, document } of await findByIds(scope, wanted, {})) {
      const asked = wave.get(`${type}/${document._id}`)?.practices ?? [];
      const fresh = [...asked].filter((practice) => !document.access.includes(practice));
      if (fresh.length === 0 || document.deleted || !mayRead(viewer, document.access)) continue;
      await grant(scope, type, document, fresh);
      for (const target of carried(document.resource)) addGrant(following, target, fresh);
    }
    wave = following;
  }
}

async function grant(
  scope: Scope,
  type: ResourceType,
  document: RecordDocument,
  practices: string[],
): Promise<void> {
  const access = [...document.access, ...practices];
  const resource = restoreDecimals(document.resource, document.decimals ?? []);
  const result = await scope.connection
    .records(type)
    .updateOne(
      { _id: document._id, revision: document.revision },
      { $set: { access, ...indexFields(resource, access, document.firstWritten) }, $inc: { revision: 1 } },
      inSession(scope),
    );
  if (result.matchedCount !== 1) throw new TransactionConflict('A document has changed since it was read.');
}
