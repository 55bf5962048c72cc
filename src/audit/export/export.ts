/** Writing an export: a stream of text, whatever its size, that ends in the signed manifest. */
import { randomUUID } from 'node:crypto';
import type { AuditCollections } from '../log/collections';
import type { SegmentDocument } from '../log/segment';
import type { SigningKeys } from '../log/keys';
import {
  encodeRuns,
  FORMAT,
  SelectionBuilder,
  type Checkpoint,
  type Format,
  type Manifest,
  type Proof,
} from '../verify';
import type { Filter } from './filter';
import { LAYOUTS } from './layout';
import { idOf } from './peek';
import { createProofs } from './proofs';
import { selectEvents, type Sealed } from './select';
import { createTally, type Tally } from './tally';

export interface ExportSource {
  collections: AuditCollections;
  keys: SigningKeys;
  /** The last segment of the log as exported, and the checkpoint there. Undefined when the log is empty. */
  end: SegmentDocument | undefined;
  checkpoint: Checkpoint;
  /** Events before this number have been pruned. */
  retainedFrom: number | undefined;
}

export interface ExportOptions {
  format: Format;
  filter: Filter;
  at: Date;
  /** Number of the last event that the reader has already: what comes up to it is left out (resumed NDJSON, CSV). */
  after?: number;
  /** Told of every segment written. */
  progress?(events: number): void;
}

export interface ExportResult {
  manifest: Manifest;
  tally: Tally;
}

/** Events are given on in pieces of about this many characters. */
const PIECE = 1 << 16;

/**
 * The text of the export. Given the same end of the log and the same filter, the same events and proofs come in the
 * same order, so an export that broke off is resumed by leaving out what is there already.
 * @returns the generator's value: the manifest and the counts.
 */
export async function* writeExport(
  source: ExportSource,
  options: ExportOptions,
): AsyncGenerator<string, ExportResult> {
  const layout = LAYOUTS[options.format];
  const at = options.at.toISOString();
  const { after = -1 } = options;
  const selection = new SelectionBuilder();
  const tally = createTally();
  const proofs = source.end === undefined ? undefined : await createProofs(source.collections, source.end);
  let first: string | undefined;
  let held: Sealed | undefined;
  let written = 0;
  let piece = after < 0 ? layout.head({ id: randomUUID(), at }) : '';

  const put = async (sealed: Sealed, next: string | undefined, manifest?: string): Promise<void> => {
    if (sealed.sequence <= after) return;
    const proof: Proof = {
      sequence: sealed.sequence,
      path: (await proofs?.pathOf(sealed.sequence)) ?? '',
      ...(next === undefined ? {} : { next }),
      ...(manifest === undefined ? {} : { manifest }),
    };
    if (written === 0) piece += after < 0 ? layout.open : '';
    else piece += layout.between;
    piece += layout.event(sealed, proof);
    written += 1;
  };
  for await (const batch of eventsOf(source, options)) {
    for (const sealed of batch) {
      first ??= idOf(sealed.text);
      selection.add(sealed.sequence);
      tally.add(sealed.text);
      if (held !== undefined) await put(held, idOf(sealed.text));
      held = sealed;
      if (piece.length >= PIECE) {
        yield piece;
        piece = '';
      }
    }
    options.progress?.(tally.events);
  }
  const manifest = await manifestOf(source, options, selection, first);
  const jws = await source.keys.signManifest(manifest);
  if (held !== undefined) await put(held, undefined, layout.inLastEvent ? jws : undefined);
  yield piece + layout.foot({ manifest: jws, at, origin: manifest.origin, events: written });
  return { manifest, tally };
}

function eventsOf(
  { collections, end }: ExportSource,
  { filter }: ExportOptions,
): AsyncIterable<Sealed[]> | Iterable<Sealed[]> {
  return end === undefined ? [] : selectEvents(collections, end, filter);
}

async function manifestOf(
  { checkpoint, keys, retainedFrom }: ExportSource,
  { filter, at }: ExportOptions,
  selection: SelectionBuilder,
  first: string | undefined,
): Promise<Manifest> {
  const runs = selection.runs();
  return {
    format: FORMAT,
    origin: checkpoint.origin,
    generated: at.toISOString(),
    filter: filter.asked,
    count: runs.reduce((sum, [low, high]) => sum + high - low + 1, 0),
    ...(first === undefined ? {} : { first }),
    selection: encodeRuns(runs),
    checkpoint,
    ...(retainedFrom === undefined ? {} : { retainedFrom }),
    keys: await keys.publicKeys(),
  };
}
