import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { BASE, codeOf, person } from './people';

/** Chromium as this machine has it; flags keep it from calling out. */
const OPTIONS = {
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  headless: true,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

let browser: Browser | undefined;
const contexts: BrowserContext[] = [];

/** A page of a new visitor: nothing stored, English, Phoenix. Its script errors and CSP violations fail `closePages`. */
export async function newPage(): Promise<Page> {
  browser ??= await chromium.launch(OPTIONS);
  const context = await browser.newContext({
    baseURL: BASE,
    viewport: DESKTOP,
    locale: 'en-US',
    timezoneId: 'America/Phoenix',
    reducedMotion: 'reduce',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  contexts.push(context);
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(`${error.name}: ${error.message}`));
  page.on('console', (message) => {
    const told = message.text();
    // Refused requests are told too; whether they should be is each test's own matter.
    if (message.type() === 'error' && !told.startsWith('Failed to load resource')) faults.push(told);
  });
  return page;
}

const faults: string[] = [];

/** Ends the browser; call in `afterAll`. @throws when a page had an error that it did not show. */
export async function closePages(): Promise<void> {
  await browser?.close();
  browser = undefined;
  if (faults.length > 0) throw new Error(`Errors in the console:\n${faults.join('\n')}`);
}

/** A page of somebody already signed in, without going through the form. */
export async function pageOf(role: string): Promise<Page> {
  const page = await newPage();
  const who = person(role);
  const { email, password, totpSecret } = who;
  for (const step of [0, 1, -1]) {
    const answer = await page.request.post('/portal/session', {
      data: { email, password, ...(totpSecret !== undefined && { mfaCode: codeOf(who, step) }) },
    });
    if (answer.ok()) return page;
    // The code may have been used by another test; its neighbours are good as well.
    if (totpSecret === undefined) throw new Error(`${role} could not sign in: ${answer.status()}`);
  }
  throw new Error(`${role} could not sign in with any code.`);
}
