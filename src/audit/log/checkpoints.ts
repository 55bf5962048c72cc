/** Checkpoints: the server's signed word on how the log stood. */
import { bytesOf } from './bytes';
import { isDuplicate, type AuditCollections, type CheckpointDocument } from './collections';
import type { SigningKeys } from './keys';
import { sizeAfter } from './sealer';
import { peaksOf, type SegmentDocument } from './segment';
import { CHAIN_START, rootOf, type Checkpoint } from '../verify';

/** The checkpoint at the end of this segment; made and kept when there is none yet. */
export async function checkpointAt(
  { checkpoints }: Pick<AuditCollections, 'checkpoints'>,
  keys: SigningKeys,
  end: SegmentDocument | undefined,
  about: { origin: string; at: Date },
): Promise<Checkpoint> {
  const size = sizeAfter(end);
  const held = await checkpoints.findOne({ _id: size });
  if (held !== null) return checkpointOf(held);
  const checkpoint = await keys.signCheckpoint({
    origin: about.origin,
    size,
    root: rootOf(end === undefined ? [] : peaksOf(end)).toString('base64'),
    chain: (end === undefined ? CHAIN_START : bytesOf(end.chain)).toString('base64'),
    at: about.at.toISOString(),
  });
  const { size: _id, ...fields } = checkpoint;
  try {
    await checkpoints.insertOne({ _id, ...fields });
  } catch (error) {
    if (!isDuplicate(error)) throw error;
  }
  return checkpoint;
}

function checkpointOf({ _id, origin, root, chain, at, kid, signature }: CheckpointDocument): Checkpoint {
  return { origin, size: _id, root, chain, at, kid, signature };
}
