import { Worker } from 'node:worker_threads';
import sharp from 'sharp';
import { fieldProblem } from '../fhir';
import { formatOf, MEDIA_TYPES } from './formats';
import { withoutMetadata } from './metadata';

/** A photo as it is kept. */
export interface PreparedPhoto {
  bytes: Buffer;
  contentType: string;
  /** Pixels, the right way up. */
  width: number;
  height: number;
  /** A small JPEG. */
  thumbnail: Buffer;
}

/** Longest side of a thumbnail in pixels. */
const THUMBNAIL = 320;
/** Pixels of an image; a file of 25 MB could unfold to much more. */
const MOST_PIXELS = 120_000_000;
const JPEG_QUALITY = 95;

/**
 * Makes an uploaded file ready to be kept: checks that it is an image by decoding it, takes metadata out, makes the
 * thumbnail. HEIC becomes JPEG, which every browser shows.
 * @throws ProblemError invalid (422) when it is no image that is taken.
 */
export async function preparePhoto(bytes: Buffer): Promise<PreparedPhoto> {
  const format = formatOf(bytes);
  if (format === undefined) throw notAnImage();
  try {
    const usable = format === 'heic' ? await jpegOf(bytes) : bytes;
    return await prepared(usable, format === 'heic' ? 'jpeg' : format);
  } catch (cause) {
    throw notAnImage(cause);
  }
}

async function prepared(bytes: Buffer, format: 'jpeg' | 'png' | 'webp'): Promise<PreparedPhoto> {
  const image = sharp(bytes, { limitInputPixels: MOST_PIXELS });
  const { orientation = 1, autoOrient } = await image.metadata();
  const thumbnail = await image
    .autoOrient()
    .resize(THUMBNAIL, THUMBNAIL, { fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#fff' })
    .jpeg({ quality: 82 })
    .toBuffer();
  // PNG and WebP say which way up they are in their metadata only: these are turned instead.
  const upright = format === 'jpeg' || orientation === 1 ? bytes : await turned(bytes, format);
  const bare = withoutMetadata(upright, format, orientation);
  if (bare === undefined) throw new Error('The file is not built as its format says.');
  return {
    bytes: bare,
    contentType: MEDIA_TYPES[format],
    width: autoOrient.width,
    height: autoOrient.height,
    thumbnail,
  };
}

function turned(bytes: Buffer, format: 'png' | 'webp'): Promise<Buffer> {
  const image = sharp(bytes, { limitInputPixels: MOST_PIXELS }).autoOrient();
  return (format === 'png' ? image.png() : image.webp({ lossless: true })).toBuffer();
}

/** A HEIC file as JPEG. Decoded in a thread of its own: it takes a second or more. */
async function jpegOf(bytes: Buffer): Promise<Buffer> {
  const { width = 0, height = 0 } = await sharp(bytes, { limitInputPixels: MOST_PIXELS }).metadata();
  if (width * height > MOST_PIXELS) throw new Error('The image has too many pixels.');
  const raw = await decodeHeic(bytes);
  const pixels = { width: raw.width, height: raw.height, channels: 4 as const };
  return sharp(raw.data, { raw: pixels, limitInputPixels: MOST_PIXELS })
    .removeAlpha()
    .jpeg({ quality: JPEG_QUALITY, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

interface RawImage {
  width: number;
  height: number;
  /** RGBA. */
  data: Uint8Array;
}

/** What the thread runs: the decoder's door is one function. */
const DECODER = `
const { parentPort, workerData } = require('node:worker_threads');
require(workerData.decoder)({ buffer: workerData.bytes }).then(
  ({ width, height, data }) => parentPort.postMessage({ width, height, data: new Uint8Array(data) }),
);`;

function decodeHeic(bytes: Buffer): Promise<RawImage> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(DECODER, {
      eval: true,
      workerData: { bytes: new Uint8Array(bytes), decoder: require.resolve('heic-decode') },
      resourceLimits: { maxOldGenerationSizeMb: 1024 },
    });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('The image could not be decoded.')));
  });
}

function notAnImage(cause?: unknown): Error {
  const fields = [{ field: 'photo', message: 'Must be an image: JPEG, PNG, WebP or HEIC' }];
  const problem = fieldProblem('invalid', 'Invalid request parameters', fields);
  if (cause !== undefined) problem.cause = cause;
  return problem;
}
