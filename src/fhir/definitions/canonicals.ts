/**
 * Canonical resources by URL: ours (fhir-profiles/), those of the packages we ship, and R4's.
 * Only an index is in memory; a definition is read when somebody asks for it.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Resource } from '@medplum/fhirtypes';
import { PROFILES_FOLDER, readCanonicalLine, readCompiled } from './files';

/** Base of everything that is ours. */
export const CANONICAL_BASE = 'https://crosswalk.example/fhir';

export interface CanonicalEntry {
  url: string;
  resourceType: string;
  version: string;
  /** `r4`, `us-core`, `balp`, `subscriptions-backport`, or `crosswalk`. */
  source: string;
  /** StructureDefinition.type, and its derivation: `specialization` or `constraint`. */
  type?: string;
  derivation?: string;
  read: () => Resource;
}

type IndexRow = [string, string, string, string, number, number, string?, string?];

function entryOfRow([
  url,
  resourceType,
  version,
  source,
  offset,
  length,
  type,
  derivation,
]: IndexRow): CanonicalEntry {
  const read = (): Resource => readCanonicalLine(offset, length) as Resource;
  return {
    url,
    resourceType,
    version,
    source,
    ...(type ? { type } : {}),
    ...(derivation ? { derivation } : {}),
    read,
  };
}

/** Our definitions, read from every folder of fhir-profiles/ but `packages`, in the order of their file names. */
function readOwn(): Resource[] {
  const folders = readdirSync(PROFILES_FOLDER).filter(
    (name) => name !== 'packages' && statSync(join(PROFILES_FOLDER, name)).isDirectory(),
  );
  return folders.flatMap((folder) =>
    readdirSync(join(PROFILES_FOLDER, folder))
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map((name) => JSON.parse(readFileSync(join(PROFILES_FOLDER, folder, name), 'utf8')) as Resource),
  );
}

let own: readonly Resource[] | undefined;

/** All resources of fhir-profiles/ that are ours, as parsed. Callers must not change them. */
export function ownDefinitions(): readonly Resource[] {
  own ??= readOwn();
  return own;
}

function entryOfOwn(resource: Resource): CanonicalEntry[] {
  const { url, version, type, derivation } = resource as {
    url?: string;
    version?: string;
    type?: string;
    derivation?: string;
  };
  if (url === undefined) return [];
  const isStructure = resource.resourceType === 'StructureDefinition';
  return [
    {
      url,
      resourceType: resource.resourceType,
      version: version ?? '',
      source: 'crosswalk',
      ...(isStructure && type !== undefined ? { type } : {}),
      ...(isStructure && derivation !== undefined ? { derivation } : {}),
      read: () => resource,
    },
  ];
}

let index: Map<string, CanonicalEntry[]> | undefined;

function canonicalIndex(): Map<string, CanonicalEntry[]> {
  if (index === undefined) {
    index = new Map();
    const rows = (readCompiled('canonicals.json') as IndexRow[]).map(entryOfRow);
    for (const entry of [...ownDefinitions().flatMap(entryOfOwn), ...rows]) {
      const others = index.get(entry.url);
      if (others === undefined) index.set(entry.url, [entry]);
      else others.push(entry);
    }
  }
  return index;
}

/** Every canonical known, ours first. */
export function canonicalEntries(): CanonicalEntry[] {
  return [...canonicalIndex().values()].flat();
}

/** `url|version` taken apart; a fragment is not part of the address. */
export function splitCanonical(canonical: string): { url: string; version: string | undefined } {
  const bar = canonical.indexOf('|');
  return bar < 0
    ? { url: canonical, version: undefined }
    : { url: canonical.slice(0, bar), version: canonical.slice(bar + 1) };
}

/**
 * The entry a canonical points to; `url|version` matches that version when it is here, else the URL's only one,
 * since R4's own bindings carry `|4.0.1` for code systems with versions of their own.
 */
export function canonicalEntry(canonical: string, resourceType?: string): CanonicalEntry | undefined {
  const { url, version } = splitCanonical(canonical);
  const entries = (canonicalIndex().get(url) ?? []).filter(
    (entry) => resourceType === undefined || entry.resourceType === resourceType,
  );
  return entries.find((entry) => version === undefined || entry.version === version) ?? entries[0];
}

/** The resource at a canonical URL, read anew each time for what is not ours; undefined when unknown. */
export function canonicalResource<T extends Resource['resourceType']>(
  canonical: string,
  resourceType: T,
): Extract<Resource, { resourceType: T }> | undefined {
  return canonicalEntry(canonical, resourceType)?.read() as
    Extract<Resource, { resourceType: T }> | undefined;
}
