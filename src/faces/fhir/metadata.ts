/** GET [base]/metadata. https://hl7.org/fhir/R4/http.html#capabilities */
import type { CapabilityStatement } from '@medplum/fhirtypes';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Exchange, Reply } from '../../http';
import { capabilities } from './capabilities';
import type { FhirContext } from './context';
import { formatOf } from './negotiate';
import { render } from './render';
import type { FhirRequest } from './request';

const QUALITY = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };

/** Made once, at the levels that are worth it then. In order of preference. */
const ENCODERS = {
  br: (text: Buffer): Promise<Buffer> => promisify(brotliCompress)(text, QUALITY),
  gzip: (text: Buffer): Promise<Buffer> => promisify(gzip)(text, { level: 9 }),
  identity: (text: Buffer): Promise<Buffer> => Promise.resolve(text),
} as const;

type Encoding = keyof typeof ENCODERS;

/**
 * Answers the CapabilityStatement, 1.5 MB of JSON, from bytes that are kept: written out and compressed when the
 * first asks for a form, and again when what may be searched by has changed.
 */
export function createMetadata(context: FhirContext): (x: Exchange, request: FhirRequest) => Promise<Reply> {
  let of: CapabilityStatement | undefined;
  const kept = new Map<string, Promise<Reply>>();
  return async (x, request) => {
    const resource = capabilities(context);
    const written = (): Reply => render(context.baseUrl, request, { status: 200, resource });
    // Parts of it, or with line breaks: for people, now and then.
    if (request.query.length > 0 || request.isPretty) return written();
    if (of !== resource) kept.clear();
    of = resource;
    const encoding = encodingFor(x);
    const form = `${formatOf(request)} ${encoding}`;
    const reply = kept.get(form) ?? encoded(written(), encoding);
    kept.set(form, reply);
    return reply;
  };
}

function encodingFor({ req }: Exchange): Encoding {
  const taken = (['br', 'gzip'] as const).find((each) => req.acceptsEncodings(each) !== false);
  return taken ?? 'identity';
}

async function encoded({ body, headers, ...reply }: Reply, encoding: Encoding): Promise<Reply> {
  return {
    ...reply,
    headers: {
      ...headers,
      Vary: 'Accept-Encoding',
      ...(encoding !== 'identity' && { 'Content-Encoding': encoding }),
    },
    body: await ENCODERS[encoding](Buffer.from(String(body))),
  };
}
