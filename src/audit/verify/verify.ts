/**
 * Checks an export against its signed manifest, offline. Every event must lead, along its inclusion proof, to the
 * signed root, and the events must be exactly those of the signed selection, in order. docs/compliance.md, "Verify".
 */
import { canonicalJson } from './canonical';
import { entriesOf, formatOf, manifestOf, type Entry, type Format } from './entries';
import { envelopeProblem } from './envelope';
import { compare, createLedger, judge, type Checked, type Finding, type Ledger } from './ledger';
import { checkpointHolds, openManifest, type Checkpoint, type Manifest, type PublicJwk } from './manifest';
import {
  appendLeaf,
  chainHash,
  CHAIN_START,
  EMPTY_ROOT,
  leafHash,
  createProofChecker,
  rootOf,
  type Peak,
  type ProofChecker,
} from './merkle';
import type { Proof } from './proof';
import { decodeRuns, type Run } from './selection';

export interface Verdict {
  ok: boolean;
  format: Format;
  /** Events in the file. */
  events: number;
  /** The first wrong events, in the order of the file. */
  findings: Finding[];
  /** Number of all wrong events. */
  wrong: number;
  /** Why nothing could be checked at all: the manifest is not there, or does not hold. */
  problem?: string;
  manifest?: Manifest;
  /** Id of the key that signed. */
  kid?: string;
}

export interface VerifyOptions {
  /** The server's public keys, when the reviewer has them from elsewhere; else those in the file are used. */
  keys?: readonly PublicJwk[];
  /** Checkpoints of the same log that the reviewer has been given earlier. */
  anchors?: readonly Checkpoint[];
}

/** Verifies an export file. @throws Error when the file cannot be read. */
export async function verifyFile(path: string, { keys, anchors = [] }: VerifyOptions = {}): Promise<Verdict> {
  const format = await formatOf(path);
  const jws = await manifestOf(path, format);
  const opened =
    jws === undefined ? { wrong: 'there is no signed manifest in the file' } : openManifest(jws, keys);
  if ('wrong' in opened) return withoutManifest(path, format, opened.wrong);
  const { manifest, kid } = opened;
  const runs = decodeRuns(manifest.selection);
  const read = await readAll(path, format, manifest, runs, anchors);
  const ids = await idsAt(path, format, read.ledger.misplaced());
  const { findings, wrong } = judge(read.ledger, ids);
  const problem =
    wrong === 0
      ? ((await envelopeProblem(path, format, opened)) ??
        chainProblem(read, manifest, runs) ??
        anchorProblem(read, manifest, anchors, keys))
      : undefined;
  const ok = wrong === 0 && problem === undefined;
  return {
    ok,
    format,
    events: read.events,
    findings,
    wrong,
    manifest,
    kid,
    ...(problem === undefined ? {} : { problem }),
  };
}

interface Reading {
  ledger: Ledger;
  events: number;
  chain: Buffer;
  /** Roots of the tree at the anchored sizes that the file's events reached. */
  roots: Map<number, string>;
}

async function readAll(
  path: string,
  format: Format,
  manifest: Manifest,
  runs: readonly Run[],
  anchors: readonly Checkpoint[],
): Promise<Reading> {
  const { size, root } = manifest.checkpoint;
  const checker = createProofChecker(size, Buffer.from(root, 'base64'));
  const ledger = createLedger(runs, manifest.first);
  const reading: Reading = { ledger, events: 0, chain: CHAIN_START, roots: new Map() };
  reading.roots.set(0, EMPTY_ROOT.toString('base64'));
  const whole = isWhole(manifest, runs);
  const peaks: Peak[] = [];
  const sizes = new Set(anchors.map((anchor) => anchor.size));
  for await (const entries of entriesOf(path, format)) {
    for (const entry of entries) {
      reading.events += 1;
      const { leaf, ...checked } = check(entry, checker);
      compare(ledger, { position: reading.events, ...checked });
      if (leaf === undefined) continue;
      if (whole) reading.chain = chainHash(reading.chain, leaf);
      if (sizes.size === 0) continue;
      appendLeaf(peaks, leaf);
      if (sizes.has(reading.events)) reading.roots.set(reading.events, rootOf(peaks).toString('base64'));
    }
  }
  return reading;
}

/** An event held against its proof: by its bytes as they stand, and if these do not hold, by what they say. */
function check(
  { raw, read }: Entry,
  checker: ProofChecker,
): Omit<Checked, 'position'> & { leaf: Buffer | undefined } {
  const proves = (leaf: Buffer, proof: Proof): boolean =>
    checker.holds(leaf, proof.sequence, Buffer.from(proof.path, 'base64'));
  if (raw !== undefined && proves(raw.leaf, raw.proof)) {
    const { leaf, id, proof } = raw;
    return { leaf, id, sequence: proof.sequence, next: proof.next, holds: true };
  }
  const { event, proof } = read();
  const leaf = event === undefined ? undefined : leafHash(canonicalJson(event));
  const holds = leaf !== undefined && proof !== undefined && proves(leaf, proof);
  return { leaf, id: idOf(event), sequence: proof?.sequence, next: proof?.next, holds };
}

function idOf(event: Record<string, unknown> | undefined): string | undefined {
  const id = event?.['id'];
  return typeof id === 'string' ? id : undefined;
}

/** Ids of the events at these places of the file, counted from 1. */
async function idsAt(
  path: string,
  format: Format,
  positions: ReadonlySet<number>,
): Promise<Map<number, string>> {
  const ids = new Map<number, string>();
  if (positions.size === 0) return ids;
  let position = 0;
  for await (const entries of entriesOf(path, format)) {
    for (const { read } of entries) {
      position += 1;
      const id = positions.has(position) ? idOf(read().event) : undefined;
      if (id !== undefined) ids.set(position, id);
    }
  }
  return ids;
}

/** An export of the whole log must also end in the chain's signed last link. */
function chainProblem(
  { chain }: Reading,
  { checkpoint, count }: Manifest,
  runs: readonly Run[],
): string | undefined {
  if (!isWhole({ checkpoint, count }, runs) || chain.toString('base64') === checkpoint.chain)
    return undefined;
  return 'the hash chain does not end in the signed link';
}

function isWhole(
  { checkpoint, count }: Pick<Manifest, 'checkpoint' | 'count'>,
  runs: readonly Run[],
): boolean {
  return runs[0]?.[0] === 0 && count === checkpoint.size;
}

/** The log as exported must begin with the log as it was anchored. Only the whole log can tell. */
function anchorProblem(
  { roots }: Reading,
  { checkpoint, count, keys }: Manifest,
  anchors: readonly Checkpoint[],
  trusted: readonly PublicJwk[] | undefined,
): string | undefined {
  for (const anchor of anchors) {
    const name = `the checkpoint anchored at ${anchor.at}`;
    if (count !== checkpoint.size)
      return `whether the log continues ${name} can only be told from an export without filters`;
    if (!checkpointHolds(anchor, trusted ?? keys)) return `${name} is not signed with a key of this log`;
    if (anchor.size > checkpoint.size)
      return `the log is shorter than ${name}: ${checkpoint.size} of ${anchor.size} events`;
    if (roots.get(anchor.size) !== anchor.root)
      return `the log is not the one of ${name}: history has been rewritten`;
  }
  return undefined;
}

/** Without a manifest little can be said; but a file cut short still names the event that should come next. */
async function withoutManifest(path: string, format: Format, problem: string): Promise<Verdict> {
  let events = 0;
  let next: string | undefined;
  for await (const entries of entriesOf(path, format)) {
    for (const { raw, read } of entries) {
      events += 1;
      next = (raw ?? read()).proof?.next;
    }
  }
  const findings: Finding[] = next === undefined ? [] : [{ how: 'missing', id: next, position: events + 1 }];
  return { ok: false, format, events, findings, wrong: Math.max(1, findings.length), problem };
}
