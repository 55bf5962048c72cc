import { ProblemError } from '../../fhir';
import type { Change, Committed, StoredVersion, WriteContext } from '../../store';
import type { FhirRequest } from './request';

/**
 * Holds `If-Match` and `If-None-Match` against the present version. https://hl7.org/fhir/R4/http.html#concurrency
 * @returns the version that the write must replace, 0 for none; undefined when the caller set no condition.
 * @throws ProblemError 412 when the condition does not hold.
 */
export function conditionOn(request: FhirRequest, present: StoredVersion | undefined): number | undefined {
  const { ifMatch, ifNoneMatch } = request.headers;
  const isThere = present !== undefined && !present.deleted;
  const names = (tags: string): boolean => {
    const all = tagsOf(tags);
    // The ETag of a 410 may be used to bring the resource back; a star asks for one that is there.
    return (isThere && all.includes('*')) || (present !== undefined && all.includes(String(present.version)));
  };
  if (ifMatch !== undefined) {
    if (present === undefined || !names(ifMatch)) throw stale(present);
    return present.version;
  }
  if (ifNoneMatch === undefined) return undefined;
  if (isThere && names(ifNoneMatch)) {
    throw new ProblemError('precondition-failed', 'The resource exists already (If-None-Match).');
  }
  return tagsOf(ifNoneMatch).includes('*') ? (present?.version ?? 0) : undefined;
}

function stale(present: StoredVersion | undefined): ProblemError {
  const message =
    present === undefined
      ? 'There is no such resource, so no version of it can match (If-Match).'
      : `The present version is W/"${present.version}"; read it and try again (If-Match).`;
  return new ProblemError('precondition-failed', message);
}

/** Whether the caller has this version already, so that 304 is the answer. */
export function notModified(request: FhirRequest, version: number, lastUpdated: Date): boolean {
  const { ifNoneMatch, ifModifiedSince } = request.headers;
  if (ifNoneMatch !== undefined)
    return tagsOf(ifNoneMatch).some((tag) => tag === '*' || tag === String(version));
  if (ifModifiedSince === undefined) return false;
  const since = Date.parse(ifModifiedSince);
  return !Number.isNaN(since) && Math.floor(lastUpdated.getTime() / 1000) * 1000 <= since;
}

/** `W/"1", W/"2"` as `1` and `2`; strong and bare forms alike. */
function tagsOf(header: string): string[] {
  return header.split(',').map((tag) =>
    tag
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1'),
  );
}

/** Another write came between this request's look at the record and its own write. */
class Overtaken extends ProblemError {
  constructor() {
    super('conflict', 'Other writes to this resource kept coming in between; try again.');
  }
}

const MOST_LOOKS = 10;

/** Runs a read-then-write again when it was overtaken: each look decides anew, the caller's conditions included. */
export async function settled<T>(work: () => Promise<T>): Promise<T> {
  for (let looks = 1; ; looks++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Overtaken) || looks === MOST_LOOKS) throw error;
    }
  }
}

/** Commits a change whose `ifVersion` is what `settled` work has just read; nobody's 412 comes of losing that race. */
export async function commitRead(
  request: FhirRequest,
  change: Change,
  context: WriteContext,
): Promise<Committed> {
  try {
    const [committed] = await request.records.commit([change], context);
    if (committed === undefined) throw new Error('A commit of one change gave no result.');
    return committed;
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'precondition-failed') throw new Overtaken();
    throw error;
  }
}
