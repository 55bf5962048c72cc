import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { closePages, newPage, pageOf } from './support/browser';
import { BASE, DEMO } from './support/people';
import { visit } from './support/visit';

const place = mkdtempSync(join(tmpdir(), 'crosswalk-officer-'));
afterAll(async () => {
  rmSync(place, { recursive: true, force: true });
  await closePages();
});

const KEY = DEMO.handoffrx.find(({ practice }) => practice === 'Camelback Family Medicine')?.apiKey ?? '';

async function api(path: string, body: object): Promise<{ id: string }> {
  const headers = { Authorization: `Bearer ${KEY}`, 'Content-Type': 'application/json' };
  const answer = await fetch(`${BASE}/api/v1${path}`, {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  return (await answer.json()) as { id: string };
}

let referral = '';

beforeAll(async () => {
  await api('/match', { level_of_care: 'IOP', insurance: 'AHCCCS', diagnosis: 'F10.20' });
  const made = await api('/referrals', {
    client_first: 'Elena',
    client_last: 'Vasquez',
    sent_to_practice: 'Desert Sky IOP',
    service_needed: 'IOP - Substance Use',
    level_of_care: 'IOP',
    clinical_justification: 'Client meets ASAM criteria for IOP level of care.',
  });
  referral = made.id;
  const guess = await newPage();
  await guess.request.post('/portal/session', { data: { email: 'intruder@example.org', password: 'guess' } });
});

async function open(page: Page, path: string, heading: string | RegExp): Promise<void> {
  await page.goto(path);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
}

/** The offline verifier, as a reviewer runs it: a process of its own, with the file and the keys. */
function verify(file: string, keys: string): { code: number | null; out: string } {
  const verifier = join(__dirname, '..', '..', 'src', 'audit', 'verify', 'main.ts');
  const hook = join(__dirname, '..', '..', 'src', 'embedded-mongo', 'typescript-hook.cjs');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--require', hook, verifier, file, '--key', keys],
    {
      encoding: 'utf8',
    },
  );
  return { code: status, out: stdout + stderr };
}

describe('a compliance officer', () => {
  it('filters the trail, opens an event, exports what was found, and the file proves itself', async () => {
    const page = await pageOf('compliance');
    await open(page, '/compliance', 'Audit trail');
    await page.getByText('intruder@example.org').first().waitFor();
    await visit(page, { name: 'audit-events' });
    await page.getByLabel('Referral').fill(referral);
    await page.getByText('1 event', { exact: true }).waitFor();
    expect(page.url()).toContain(`referral=${referral}`);
    await page.getByRole('row').nth(1).getByRole('link').press('Enter');
    await page.getByRole('heading', { level: 1, name: /^Create by Camelback Family Medicine/ }).waitFor();
    await page.getByRole('cell', { name: 'Client meets ASAM criteria for IOP level of care.' }).waitFor();
    await visit(page, { name: 'audit-event' });

    await page.getByRole('link', { name: 'who looked at this patient' }).click();
    await page.getByRole('heading', { level: 1, name: 'Patient access' }).waitFor();
    await page.getByText('Accesses by agent').waitFor();
    await visit(page, { name: 'audit-access' });

    await open(page, `/compliance/exports?referral=${referral}`, 'Exports');
    const keys = join(place, 'keys.json');
    writeFileSync(keys, await (await fetch(`${BASE}/audit/keys`)).text());
    for (const [format, name] of [
      ['FHIR Bundle', 'json'],
      ['CSV', 'csv'],
    ] as const) {
      await page.getByRole('radio', { name: format }).check();
      const downloading = page.waitForEvent('download');
      await page.getByRole('button', { name: 'Export' }).click();
      const download = await downloading;
      expect(download.suggestedFilename()).toMatch(new RegExp(`^audit-.+\\.${name}$`));
      const file = join(place, download.suggestedFilename());
      await download.saveAs(file);
      expect(verify(file, keys)).toEqual({
        code: 0,
        out: expect.stringMatching(/^OK: 1 events verified/) as unknown,
      });
    }
    await page.getByText('is among your downloads').waitFor();
    await visit(page, { name: 'audit-exports' });
  });

  it('goes on with an export whose connection broke off', async () => {
    const page = await pageOf('compliance');
    await page.addInitScript(BREAKS_FIRST_EXPORT);
    await open(page, '/compliance/exports', 'Exports');
    await page.getByRole('radio', { name: 'NDJSON' }).check();
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByText('The export broke off').waitFor();
    await visit(page, { name: 'audit-exports-broken' });
    const downloading = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Continue' }).click();
    const file = join(place, 'continued.ndjson');
    await (await downloading).saveAs(file);
    const keys = join(place, 'keys.json');
    writeFileSync(keys, await (await fetch(`${BASE}/audit/keys`)).text());
    expect(verify(file, keys)).toEqual({
      code: 0,
      out: expect.stringMatching(/^OK: \d{2,} events verified/) as unknown,
    });
    expect(await page.getByText('The export broke off').count()).toBe(0);
  });

  it('reviews brokering, and sees who was refused', async () => {
    const page = await pageOf('compliance');
    await open(page, `/compliance/brokering?referral=${referral}`, 'Brokering review');
    await page.getByRole('button', { name: /^Camelback Family Medicine to Desert Sky IOP/ }).click();
    await page.getByText('Client meets ASAM criteria for IOP level of care.').waitFor();
    await page.getByText('offered as number 1').waitFor();
    await visit(page, { name: 'audit-brokering' });
    await open(page, '/compliance/refusals', 'Refusals');
    await page.getByText('failed login').first().waitFor();
    await visit(page, { name: 'audit-refusals' });
    await page.getByLabel('From').fill('2100-01-01');
    await page.getByText('Nothing was refused in this time.').waitFor();
  });

  it('verifies the whole log on the spot, and sees which key signed', async () => {
    const page = await pageOf('compliance');
    await open(page, '/compliance/proof', 'Proof');
    await page.getByText('Latest checkpoint').waitFor();
    await page.getByRole('button', { name: 'Verify now' }).click();
    await page.getByText('the whole log: 0 altered').waitFor();
    await visit(page, { name: 'audit-proof' });
  });

  it('is alone with the trail', async () => {
    const page = await pageOf('operator');
    await open(page, '/compliance/events', 'Not for your role');
    expect((await page.request.get('/portal/compliance/log')).status()).toBe(403);
  });
});

/** The first export of the page ends after half of it, in the middle of a line. */
const BREAKS_FIRST_EXPORT = `{
  const real = window.fetch;
  let isFirst = true;
  window.fetch = async (...asked) => {
    const answer = await real(...asked);
    if (!isFirst || !String(asked[0]).startsWith('/audit/export')) return answer;
    isFirst = false;
    const whole = new Uint8Array(await answer.arrayBuffer());
    const body = new ReadableStream({
      pull(controller) {
        if (controller.desiredSize > 0 && !this.sent) {
          this.sent = true;
          controller.enqueue(whole.slice(0, Math.floor(whole.length / 2)));
        } else controller.error(new TypeError('network error'));
      },
    });
    return new Response(body, { status: answer.status, headers: answer.headers });
  };
}`;
