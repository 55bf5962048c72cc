import compression from 'compression';
import type { RequestHandler } from 'express';
import { constants } from 'node:zlib';

/** Smaller answers are not worth the work, for the server or the network. In bytes. */
export const WORTH_BYTES = 32 * 1024;

/**
 * Compresses what follows (gzip, br), where the caller takes it, it is text, and large enough. At the lowest levels: FHIR
 * JSON shrinks to a twelfth at one, and to no more than a sixteenth at three times the work. Outside of the event loop.
 */
export const compressed: RequestHandler = compression({
  threshold: WORTH_BYTES,
  level: constants.Z_BEST_SPEED,
  brotli: { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } },
});
