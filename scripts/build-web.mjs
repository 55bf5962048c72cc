// The dashboard's files into dist/web, each asset also compressed, so that no request waits for a compressor.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'vite';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const assets = join(root, 'dist', 'web', 'assets');
/** Below this a compressed answer is no shorter. */
const SMALLEST = 256;

// Not the server's own environment: a development build is several times as large.
process.env.NODE_ENV = 'production';
await build({ configFile: join(root, 'web', 'vite.config.mts'), logLevel: 'warn' });
for (const name of readdirSync(assets).filter((each) => /\.(js|css|svg)$/.test(each))) {
  const bytes = readFileSync(join(assets, name));
  if (bytes.length < SMALLEST) continue;
  writeFileSync(join(assets, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(join(assets, `${name}.br`), brotliCompressSync(bytes, { params }));
}
