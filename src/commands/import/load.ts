import type { Bundle, Resource } from '@medplum/fhirtypes';
import { judgeBundle, runBundle, type BundleRunner } from '../../faces/fhir';
import { parseFhirJson, ProblemError } from '../../fhir';
import { draftOf, type Occasion } from '../../http';
import type { AuditTrail } from '../../audit';
import { groupsOf, withSources, type Source } from './files';
import { occasion } from './occasion';

export { readText } from './files';

export interface ImportProgress {
  bytesDone: number;
  bytesTotal: number;
  resources: number;
}

export interface ImportSummary {
  /** Resources by type. */
  resources: Record<string, number>;
  /** Files refused. */
  failed: number;
  seconds: number;
  refused: { file: string; reason: string }[];
}

export interface Importer {
  bundles: BundleRunner;
  trail: AuditTrail;
}

/** Resources of NDJSON that are committed at once: a transaction may take a minute. */
const AT_ONCE = 10_000;

/**
 * Loads bundles and NDJSON into the record. A file goes in whole or not at all; one whose conditional references find
 * nothing is tried again after the others, as long as that helps.
 */
export async function importFiles(
  importer: Importer,
  paths: readonly string[],
  report: (progress: ImportProgress) => void,
): Promise<ImportSummary> {
  const started = performance.now();
  const { counts, refused } = await withSources(paths, (sources) => importSources(importer, sources, report));
  return {
    resources: Object.fromEntries([...counts].sort(([a], [b]) => a.localeCompare(b))),
    failed: refused.length,
    seconds: Math.round(performance.now() - started) / 1000,
    refused: refused.map(({ source, problem }) => ({ file: source.name, reason: reasonOf(problem) })),
  };
}

interface Imported {
  /** Resources by type. */
  counts: Map<string, number>;
  refused: Refused[];
}

async function importSources(
  importer: Importer,
  sources: readonly Source[],
  report: (progress: ImportProgress) => void,
): Promise<Imported> {
  const counts = new Map<string, number>();
  const progress = {
    bytesDone: 0,
    bytesTotal: sources.reduce((sum, { bytes }) => sum + bytes, 0),
    resources: 0,
  };
  const refused: Refused[] = [];
  let waiting = sources;
  for (let attempted = Infinity; waiting.length > 0 && waiting.length < attempted;) {
    attempted = waiting.length;
    const unmet: Refused[] = [];
    const take = async (source: Source): Promise<void> => {
      try {
        const types = await importSource(importer, source);
        for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
        progress.resources += types.length;
        progress.bytesDone += source.bytes;
        report({ ...progress });
      } catch (error) {
        const problem = asProblem(error);
        (problem.code === 'precondition-failed' ? unmet : refused).push({ source, problem });
      }
    };
    for (const group of groupsOf(waiting)) await inParallel(group, take);
    waiting = unmet.map(({ source }) => source);
    if (waiting.length === attempted) refused.push(...unmet);
  }
  return { counts, refused };
}

/** Files at once: while the database commits one, this process reads and validates the next. */
const PARALLEL = 3;

async function inParallel(
  sources: readonly Source[],
  take: (source: Source) => Promise<void>,
): Promise<void> {
  const left = [...sources];
  const worker = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await take(next);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}

interface Refused {
  source: Source;
  problem: ProblemError;
}

/** Types of the resources that one file brought in. */
async function importSource({ bundles, trail }: Importer, source: Source): Promise<string[]> {
  const content = await source.read();
  const x = occasion();
  try {
    const bundle = /\.ndjson(\.gz)?$/.test(source.name) ? undefined : asTransaction(parseFhirJson(content));
    const entries =
      bundle === undefined ? await importLines(bundles, x, content) : await importBundle(bundles, x, bundle);
    await trail.record(
      draftOf(x, '0', { resources: [], details: [{ type: 'resources', value: String(entries.length) }] }),
    );
    return entries;
  } catch (error) {
    await trail.record(draftOf(x, '4', { outcomeText: asProblem(error).code }));
    throw error;
  }
}

async function importBundle(bundles: BundleRunner, x: Occasion, bundle: Bundle): Promise<string[]> {
  const answer = await runBundle(bundles, x, bundle);
  return (answer.entry ?? []).flatMap(({ response }, i) => {
    const type = response?.location?.split('/')[0] ?? bundle.entry?.[i]?.resource?.resourceType;
    return type === undefined ? [] : [type];
  });
}

/** NDJSON as one transaction; a longer file is judged as a whole before its first part is written. */
async function importLines(bundles: BundleRunner, x: Occasion, content: string): Promise<string[]> {
  const lines = content
    .split(/\r?\n/)
    .map((text, i) => ({ text, number: i + 1 }))
    .filter(({ text }) => text.trim() !== '');
  const entries = lines.map(({ text, number }) => ({ resource: parseLine(text, number) }));
  if (entries.length > AT_ONCE) await byLine(lines, () => judgeBundle(bundles, x, transactionOf(entries)));
  const types: string[] = [];
  for (let at = 0; at < entries.length; at += AT_ONCE) {
    const part = transactionOf(entries.slice(at, at + AT_ONCE));
    types.push(...(await byLine(lines.slice(at), () => importBundle(bundles, x, part))));
  }
  return types;
}

function parseLine(text: string, number: number): Resource {
  try {
    return parseFhirJson(text);
  } catch (error) {
    throw new ProblemError('malformed', `Line ${number}: ${(error as Error).message}`, { cause: error });
  }
}

/** What fails in an entry of a bundle made of lines is told of its line. */
async function byLine<T>(lines: readonly { number: number }[], work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const named = (text: string): string =>
      text.replace(
        /Bundle\.entry\[(\d+)\](\.resource)?/g,
        (_, index: string) => `Line ${lines[Number(index)]?.number}`,
      );
    const issues = error.issues.map((issue) => ({
      ...issue,
      ...(issue.diagnostics !== undefined && { diagnostics: named(issue.diagnostics) }),
      ...(issue.expression !== undefined && { expression: issue.expression.map(named) }),
    }));
    throw new ProblemError(error.code, named(error.message), { issues, cause: error });
  }
}

/** Faults of a file that are told one by one. */
const FAULTS = 5;

/** Why a file was refused, on one line: the problem, where it is, and which rules it breaks. */
function reasonOf({ message, issues }: ProblemError): string {
  const faults = issues
    .filter(({ severity, diagnostics }) => severity !== 'warning' && diagnostics !== undefined)
    .map(({ diagnostics, expression }) => `${expression?.[0] ?? ''}: ${diagnostics}`)
    .filter((fault) => !fault.endsWith(`: ${message}`) && fault !== message);
  const more = faults.length > FAULTS ? [`and ${faults.length - FAULTS} more`] : [];
  return [message, faults.slice(0, FAULTS).concat(more).join(' ')].join(' ').trimEnd();
}

/**
 * A transaction as it is; other bundles and single resources as one that puts each resource at its id. Full URLs stay:
 * the entries refer to each other by them.
 */
function asTransaction(resource: Resource): Bundle {
  if (resource.resourceType !== 'Bundle') return transactionOf([{ resource }]);
  if (resource.type === 'transaction' || resource.type === 'batch')
    return { ...resource, type: 'transaction' };
  return transactionOf(
    (resource.entry ?? []).flatMap(({ fullUrl, resource: held }) =>
      held === undefined ? [] : [{ ...(fullUrl !== undefined && { fullUrl }), resource: held }],
    ),
  );
}

function transactionOf(entries: readonly { fullUrl?: string; resource: Resource }[]): Bundle {
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: entries.map(({ fullUrl, resource }) => ({
      ...(fullUrl !== undefined && { fullUrl }),
      resource,
      request:
        resource.id === undefined
          ? { method: 'POST', url: resource.resourceType }
          : { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
    })),
  };
}

function asProblem(error: unknown): ProblemError {
  return error instanceof ProblemError
    ? error
    : new ProblemError('internal', (error as Error).message, { cause: error });
}
