/**
 * Takes out of image files what they say besides the image: place, device, owner, comments, previews. The image itself
 * stays as it is, bit for bit; a JPEG keeps which way up it is.
 */

/** @returns undefined when the file is not built as its format says. */
export function withoutMetadata(
  bytes: Buffer,
  format: 'jpeg' | 'png' | 'webp',
  orientation = 1,
): Buffer | undefined {
  switch (format) {
    case 'jpeg':
      return bareJpeg(bytes, orientation);
    case 'png':
      return barePng(bytes);
    case 'webp':
      return bareWebp(bytes);
  }
}

const SOI = Buffer.from([0xff, 0xd8]);
const EOI = 0xd9;
const SOS = 0xda;

/** ITU T.81, Annex B. What follows the end of the image (second images, films) goes too. */
function bareJpeg(bytes: Buffer, orientation: number): Buffer | undefined {
  const parts: Buffer[] = [SOI];
  if (orientation !== 1) parts.push(orientationSegment(orientation));
  let at = 2;
  for (;;) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++;
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff || marker === undefined) return undefined;
    if (marker === EOI) return Buffer.concat([...parts, bytes.subarray(at, at + 2)]);
    if (at + 4 > bytes.length) return undefined;
    const end = at + 2 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) return undefined;
    const scanEnd = marker === SOS ? endOfScan(bytes, end) : end;
    if (scanEnd === undefined) return undefined;
    if (!isMetadata(marker, bytes.subarray(at + 4, end))) parts.push(bytes.subarray(at, scanEnd));
    at = scanEnd;
  }
}

/** Where the next marker begins behind coded data, in which FF 00 and restart markers are no markers. */
function endOfScan(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next === undefined) return undefined;
    if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
  return undefined;
}

/** Application data other than JFIF (APP0), a colour profile (APP2) and Adobe's colour transform (APP14), and comments. */
function isMetadata(marker: number, content: Buffer): boolean {
  if (marker === 0xfe) return true;
  if (marker < 0xe0 || marker > 0xef || marker === 0xe0 || marker === 0xee) return false;
  return !(marker === 0xe2 && content.toString('latin1', 0, 11) === 'ICC_PROFILE');
}

/** An Exif segment that says nothing but which way up the image is. */
function orientationSegment(orientation: number): Buffer {
  const tiff = Buffer.from('4d4d002a00000008000101120003000000010000000000000000', 'hex');
  tiff.writeUInt16BE(orientation, 18);
  const content = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
  const head = Buffer.from([0xff, 0xe1, 0, 0]);
  head.writeUInt16BE(content.length + 2, 2);
  return Buffer.concat([head, content]);
}

const PNG_METADATA = new Set(['eXIf', 'tEXt', 'zTXt', 'iTXt', 'tIME']);

/** https://www.w3.org/TR/png-3/#5Chunk-layout */
function barePng(bytes: Buffer): Buffer | undefined {
  const parts: Buffer[] = [bytes.subarray(0, 8)];
  for (let at = 8; at + 12 <= bytes.length;) {
    const end = at + 12 + bytes.readUInt32BE(at);
    const type = bytes.toString('latin1', at + 4, at + 8);
    if (end > bytes.length) return undefined;
    if (!PNG_METADATA.has(type)) parts.push(bytes.subarray(at, end));
    if (type === 'IEND') return Buffer.concat(parts);
    at = end;
  }
  return undefined;
}

const WEBP_EXIF = 0x08;
const WEBP_XMP = 0x04;

/** https://developers.google.com/speed/webp/docs/riff_container */
function bareWebp(bytes: Buffer): Buffer | undefined {
  const size = bytes.readUInt32LE(4) + 8;
  if (size > bytes.length) return undefined;
  const parts: Buffer[] = [];
  for (let at = 12; at + 8 <= size;) {
    const length = bytes.readUInt32LE(at + 4);
    const end = at + 8 + length + (length % 2);
    const type = bytes.toString('latin1', at, at + 4);
    if (at + 8 + length > size) return undefined;
    const chunk = Buffer.from(bytes.subarray(at, Math.min(end, size)));
    if (type === 'VP8X') chunk[8] = (chunk[8] ?? 0) & ~(WEBP_EXIF | WEBP_XMP);
    if (type !== 'EXIF' && type !== 'XMP ') parts.push(chunk);
    at = end;
  }
  const body = Buffer.concat(parts);
  const head = Buffer.from(bytes.subarray(0, 12));
  head.writeUInt32LE(body.length + 4, 4);
  return Buffer.concat([head, body]);
}
