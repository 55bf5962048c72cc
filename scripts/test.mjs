// `npm test`: install and build when needed, then the suite, then the browser tests where Chromium is there. Arguments
// go on to jest, and then it is the suite alone.
import { spawnSync } from 'node:child_process';
import { CHROMIUM, hasChromium } from './chromium.mjs';
import { ensureReady } from './ensure-built.mjs';

const chosen = process.argv.slice(2);
ensureReady();
run('node_modules/jest/bin/jest.js', chosen);
if (chosen.length === 0) {
  if (hasChromium()) run('scripts/test-browser.mjs', []);
  else
    process.stderr.write(
      `\nBROWSER TESTS NOT RUN: there is no Chromium at ${CHROMIUM} (apt-get install chromium).\n`,
    );
}

function run(script, args) {
  const done = spawnSync(process.execPath, [script, ...args], { stdio: 'inherit' });
  if (done.status !== 0) process.exit(done.status ?? 1);
}
