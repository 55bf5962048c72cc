import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { componentImports } from './component-imports.mts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** `npm run dev:web` serves the pages with a running server behind them; `scripts/build-web.mjs` builds into dist/web. */
export default defineConfig({
  root: here('.'),
  plugins: [componentImports()],
  build: {
    outDir: here('../dist/web'),
    emptyOutDir: true,
    manifest: true,
    // Inlined as data: they would break the content security policy for fonts and scripts.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 800,
    // "use client" marks server components' clients; here everything is one.
    rolldownOptions: {
      onLog: (level, log, handle) => {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log);
      },
    },
  },
  server: {
    proxy: Object.fromEntries(
      ['/portal', '/api/v1', '/v1', '/fhir/R4', '/audit', '/docs'].map((path) => [
        path,
        'http://127.0.0.1:8080',
      ]),
    ),
  },
});
