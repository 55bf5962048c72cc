// `npm run test:browser`: build when needed, then the tests in Chromium; arguments go on to jest.
import { spawnSync } from 'node:child_process';
import { CHROMIUM, hasChromium } from './chromium.mjs';
import { ensureReady } from './ensure-built.mjs';

if (!hasChromium()) {
  process.stderr.write(
    `There is no browser at ${CHROMIUM}: apt-get install chromium, or set CHROMIUM to one.\n`,
  );
  process.exit(1);
}
ensureReady({ web: true });
const jest = ['node_modules/jest/bin/jest.js', '-c', 'jest.browser.config.js', ...process.argv.slice(2)];
process.exit(spawnSync(process.execPath, jest, { stdio: 'inherit' }).status ?? 1);
