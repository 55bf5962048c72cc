import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { Webhook } from 'standardwebhooks';
import { closePages, pageOf } from './support/browser';
import { BASE, DEMO } from './support/people';
import { visit } from './support/visit';

interface Call {
  headers: Record<string, string>;
  body: string;
}

/** An integrator's endpoint, which answers as it is told to and keeps what it got. */
const calls: Call[] = [];
let answer = 204;
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((req, res) => {
    let body = '';
    req.on('data', (part: Buffer) => (body += part.toString('utf8')));
    req.on('end', () => {
      calls.push({ headers: req.headers as Record<string, string>, body });
      res.writeHead(answer).end(answer < 300 ? '' : 'The queue behind this is full.');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/referrals`;
});

afterAll(async () => {
  await closePages();
  await new Promise((resolve) => server.close(resolve));
});

async function untilCalls(count: number): Promise<void> {
  while (calls.length < count) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** The receiver's two ways to know that a call is ours. @throws when it is not */
function verify({ headers, body }: Call, secret: string): void {
  new Webhook(secret).verify(body, headers);
  expect(headers['x-handoffrx-signature']).toBe(
    `sha256=${createHash('sha256')
      .update(secret + body)
      .digest('hex')}`,
  );
}

/** Another practice's integration refers a patient to the practice of the page's user. */
async function refer(): Promise<string> {
  const from = DEMO.handoffrx.find(({ practice }) => practice === 'Sonora Behavioral Health');
  const sent = await fetch(`${BASE}/api/v1/referrals`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${from?.apiKey ?? ''}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(REFERRAL),
  });
  const made = (await sent.json()) as { id?: string };
  expect([sent.status, made]).toEqual([201, made]);
  return made.id ?? '';
}

async function shownSecret(page: Page): Promise<string> {
  await page.getByText('Copy it now').waitFor();
  const secret = (await page.locator('[data-secret]').textContent()) ?? '';
  await page.getByRole('button', { name: 'I have stored it' }).click();
  return secret;
}

describe('webhooks', () => {
  it('are set up, tested, fail, are replayed, rotated and switched off', async () => {
    const page = await pageOf('practice-admin');
    await page.goto('/webhooks');
    await page.getByText('No webhooks yet').waitFor();
    await visit(page, { name: 'webhooks-empty' });

    await page.getByRole('button', { name: 'New webhook' }).first().click();
    await page.getByRole('textbox', { name: 'URL' }).fill('http://10.0.0.1/hooks');
    await page.getByRole('button', { name: 'Create webhook' }).click();
    await page.getByText(/address that outgoing calls may not reach/).waitFor();
    await page.getByRole('textbox', { name: 'URL' }).fill(url);
    await page.getByRole('checkbox', { name: 'referral.completed' }).uncheck();
    await visit(page, { name: 'webhooks-new', phone: false });
    await page.getByRole('button', { name: 'Create webhook' }).click();
    const secret = await shownSecret(page);
    expect(secret).toMatch(/^whsec_/);
    expect(await page.content()).not.toContain(secret);

    // A trial delivery arrives, signed with the secret that was shown.
    await page.getByRole('link', { name: /hooks\/referrals/ }).click();
    await page.getByRole('button', { name: 'Send a test' }).click();
    await untilCalls(1);
    const [trial] = calls as [Call];
    verify(trial, secret);
    expect(JSON.parse(trial.body)).toMatchObject({ event: 'webhook.test' });

    // A referral is told too; the endpoint fails, and the page says so.
    answer = 503;
    const referral = await refer();
    await untilCalls(3);
    await page.getByText('Every call fails').waitFor();
    await page.getByText('retrying').waitFor();
    await page.getByRole('checkbox', { name: 'Select delivery 2' }).check();
    await page.locator('.recharts-surface').first().waitFor();
    await visit(page, { name: 'webhook' });
    await page.getByRole('link', { name: '#2' }).click();
    await page.getByRole('cell', { name: '503' }).first().waitFor();
    await page.getByText('The queue behind this is full.').first().waitFor();
    await page.getByText(referral).waitFor();
    await visit(page, { name: 'webhook-delivery' });

    // Replayed once it works again, and then once more: the receiver knows repeats by their id.
    answer = 204;
    const before = calls.length;
    await page.getByRole('button', { name: 'Replay' }).click();
    await page.getByText('delivered', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Webhook', exact: true }).click();
    await page.getByRole('checkbox', { name: 'Select delivery 1' }).check();
    await page.getByRole('checkbox', { name: 'Select delivery 2' }).check();
    const replayed = calls.length;
    expect(replayed).toBeGreaterThan(before);
    await page.getByRole('button', { name: 'Replay 2 selected' }).click();
    await page.getByText('2 deliveries are sent again').waitFor();
    await untilCalls(replayed + 2);
    const again = calls.slice(replayed);
    again.forEach((call) => verify(call, secret));
    expect(again.map(({ headers }) => headers['webhook-id'])).toContain(trial.headers['webhook-id']);

    // With a new secret, the old one signs along.
    await page.getByRole('button', { name: 'Rotate secret' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click();
    const next = await shownSecret(page);
    expect(next).not.toBe(secret);
    await page.getByRole('button', { name: 'Send a test' }).click();
    await untilCalls(replayed + 3);
    const last = calls.at(-1) as Call;
    verify(last, next);
    new Webhook(secret).verify(last.body, last.headers);

    await page.getByRole('button', { name: 'Switch off' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Switch off' }).click();
    await page.getByText('off', { exact: true }).waitFor();
    await refer();
    await page.getByRole('button', { name: 'Switch on' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Switch on' }).click();
    await page.getByText('active', { exact: true }).waitFor();
    await refer();
    await untilCalls(replayed + 4);
    // What happened while it was off is not told.
    await page.getByRole('link', { name: '#4' }).waitFor();
    expect(await page.getByRole('link', { name: '#5' }).count()).toBe(0);
    expect(calls).toHaveLength(replayed + 4);
  });

  it('are seen by operators for all practices, and by nobody of another one', async () => {
    const operator = await pageOf('operator');
    await operator.goto('/webhooks');
    await operator.getByRole('link', { name: /hooks\/referrals/ }).waitFor();
    await operator.getByText('Camelback Family Medicine').waitFor();
    await visit(operator, { name: 'webhooks' });
    const list = (await (await operator.request.get('/portal/webhooks')).json()) as {
      data: { id: string }[];
    };
    const id = list.data[0]?.id ?? '';
    const officer = await pageOf('compliance');
    expect((await officer.request.get(`/portal/webhooks/${id}`)).status()).toBe(403);
  });
});

const REFERRAL = {
  client_first: 'Maria',
  client_last: 'Hernandez',
  client_insurance: 'AHCCCS',
  sent_to_practice: 'Camelback Family Medicine',
  service_needed: 'IOP - Substance Use',
  level_of_care: 'IOP',
  clinical_justification: 'Client meets ASAM criteria for IOP. Motivated for treatment.',
};
