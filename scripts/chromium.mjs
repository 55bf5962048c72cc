// Where the browser tests find their browser: CHROMIUM, or Debian's package.
import { existsSync } from 'node:fs';

export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

export function hasChromium() {
  return existsSync(CHROMIUM);
}
