import type { Page } from 'playwright-core';
import { closePages, pageOf } from './support/browser';
import { BASE, DEMO } from './support/people';
import { visit } from './support/visit';

afterAll(closePages);

/** At the other side of the demonstration's practice administrator. */
const SONORA = 'sonora@crosswalk.example';
const JUSTIFICATION = 'Client meets ASAM criteria for IOP. Motivated for treatment, stable housing.';

/** Calls of an integration, with the demonstration's key of the practice. */
async function api(practice: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const key = DEMO.handoffrx.find((each) => each.practice === practice)?.apiKey ?? '';
  const answer = await fetch(`${BASE}/api/v1${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return (await answer.json()) as Record<string, unknown>;
}

const OTHERS = [
  ['Daniel', 'Begay', 'Residential', true],
  ['Rosa', 'Delgado', 'Detox', false],
  ['Thomas', 'Whitehorse', 'PHP', false],
  ['Linh', 'Nguyen', 'OP', false],
  ['Grace', 'Okafor', 'Inpatient', true],
  ['Samuel', 'Ortega', 'MAT', false],
] as const;

beforeAll(async () => {
  for (const [client_first, client_last, level_of_care, is_urgent] of OTHERS) {
    await api('Camelback Family Medicine', '/referrals', {
      client_first,
      client_last,
      client_insurance: 'AHCCCS',
      sent_to_practice: 'Sonora Behavioral Health',
      service_needed: `${level_of_care} - Behavioral health`,
      level_of_care,
      is_urgent,
      clinical_justification: JUSTIFICATION,
    });
  }
});

async function open(page: Page, path: string, heading: string | RegExp): Promise<void> {
  await page.goto(path);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
}

async function decide(page: Page, verb: string, note = ''): Promise<void> {
  await page.getByRole('main').getByRole('button', { name: verb, exact: true }).click();
  const dialog = page.getByRole('dialog');
  if (note !== '') await dialog.getByLabel('Note').fill(note);
  await dialog.getByRole('button', { name: verb, exact: true }).click();
  await dialog.waitFor({ state: 'hidden' });
}

async function choose(page: Page, label: string, option: string): Promise<void> {
  await page.getByRole('combobox', { name: label }).click();
  await page.getByRole('option', { name: option, exact: true }).click();
}

describe('referrals', () => {
  it('are matched and sent by one side, and accepted, scheduled and completed by the other', async () => {
    const sender = await pageOf('practice-admin');
    await open(sender, '/match', 'Match');
    await choose(sender, 'Level of care', 'IOP');
    await sender.getByRole('combobox', { name: 'Insurance' }).fill('AHCCCS');
    await sender.keyboard.press('Escape');
    await sender.getByLabel('Diagnosis').fill('f10.20');
    await sender.getByRole('button', { name: 'Find providers' }).click();
    await sender.getByRole('heading', { level: 2, name: 'Providers that fit' }).waitFor();
    for (const card of await sender.getByRole('article').all()) {
      const points = await card.getByText(/^\d+ of (30|25|20|15|10)$/).allTextContents();
      expect(points).toHaveLength(5);
      const score = Number.parseInt((await card.getByText('of 100').locator('..').textContent()) ?? '', 10);
      expect(points.reduce((sum, text) => sum + Number.parseInt(text, 10), 0)).toBe(score);
    }
    await visit(sender, { name: 'match' });

    await sender
      .getByRole('link', { name: /^Refer to / })
      .first()
      .click();
    await sender.getByRole('heading', { level: 1, name: 'New referral' }).waitFor();
    expect(await sender.getByLabel('Diagnosis').inputValue()).toBe('F10.20');
    expect(sender.url()).not.toContain('F10.20');
    await sender.getByRole('combobox', { name: 'Send to' }).fill('Sonora Behavioral Health');
    await sender.keyboard.press('Escape');
    await sender.getByLabel('Clinical justification').fill('Too short');
    await sender.getByRole('button', { name: 'Send referral' }).click();
    await sender.getByText('Must be a text of at least 10 characters (ARS 36-2212)').waitFor();
    expect(await sender.getByText('Is required').count()).toBe(3);
    await visit(sender, { name: 'referral-new' });
    await sender.getByLabel('First name').fill('Maria');
    await sender.getByLabel('Last name').fill('Hernandez');
    await sender.getByLabel('Date of birth').fill('1985-03-15');
    await sender.getByLabel('Service needed').fill('IOP - Substance Use');
    await sender.getByLabel('Clinical justification').fill(JUSTIFICATION);
    await sender.getByRole('button', { name: 'Send referral' }).click();
    await sender.getByRole('heading', { level: 1, name: /^Maria Hernandez/ }).waitFor();
    const id = sender.url().split('/').at(-1) ?? '';

    const receiver = await pageOf(SONORA);
    await open(receiver, '/referrals', 'Referrals');
    await receiver.getByRole('link', { name: 'Maria Hernandez' }).waitFor();
    await visit(receiver, { name: 'referrals' });
    await receiver.getByRole('link', { name: 'Maria Hernandez' }).click();
    await receiver.getByRole('button', { name: 'Accept', exact: true }).waitFor();
    expect(
      await receiver
        .getByRole('main')
        .getByRole('button', { name: /^(Schedule|Complete)$/ })
        .count(),
    ).toBe(0);
    await decide(receiver, 'Accept', 'A place is free on Monday.');
    await decide(receiver, 'Schedule', 'Intake on Monday at 9:00.');
    await receiver.getByText('Intake on Monday at 9:00.').waitFor();
    await visit(receiver, { name: 'referral' });

    await sender.reload();
    await sender.getByText('scheduled', { exact: true }).waitFor();
    await sender.getByText('Intake on Monday at 9:00.').waitFor();
    await sender.getByText('by Marco Diaz, Sonora Behavioral Health, in the dashboard').first().waitFor();
    expect(await api('Camelback Family Medicine', `/referrals/${id}`)).toMatchObject({
      status: 'scheduled',
      outcome_notes: 'Intake on Monday at 9:00.',
    });
    await decide(receiver, 'Complete');
    await receiver.getByText('completed', { exact: true }).waitFor();
    expect(await receiver.getByRole('main').getByRole('button').allTextContents()).toEqual(['Add note']);
    await sender.reload();
    await sender.getByText('completed', { exact: true }).waitFor();
    expect(await api('Sonora Behavioral Health', `/referrals/${id}`)).toMatchObject({ status: 'completed' });
  });

  it('show what somebody else did meanwhile before it is overwritten', async () => {
    const [sender, receiver] = [await pageOf('practice-admin'), await pageOf(SONORA)];
    await open(sender, '/referrals?box=sent', 'Referrals');
    await sender.getByRole('link', { name: 'Rosa Delgado' }).click();
    await sender.getByRole('button', { name: 'Decline' }).click();
    const dialog = sender.getByRole('dialog');
    await dialog.getByLabel('Note').fill('The client chose another place.');
    await receiver.goto(sender.url());
    await receiver.getByRole('heading', { level: 1, name: /^Rosa Delgado/ }).waitFor();
    await decide(receiver, 'Accept');
    await dialog.getByRole('button', { name: 'Decline' }).click();
    await dialog.getByText('Somebody changed this referral after you opened it').waitFor();
    await visit(sender, { name: 'referral-conflict', phone: false });
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await sender.getByText('accepted', { exact: true }).waitFor();
    await decide(sender, 'Decline', 'The client chose another place.');
    await sender.getByText('declined', { exact: true }).waitFor();
  });

  it('are found by client, status, level and date, with the keyboard, and the name stays out of the address', async () => {
    const page = await pageOf(SONORA);
    await open(page, '/referrals?box=all', 'Referrals');
    await page.getByRole('searchbox', { name: 'Client' }).press('o');
    await page.keyboard.type('kaf');
    await page.getByText('1 referral', { exact: true }).waitFor();
    expect(page.url()).not.toContain('kaf');
    await page.getByRole('link', { name: 'Grace Okafor' }).press('Enter');
    await page.getByRole('heading', { level: 1, name: /^Grace Okafor/ }).waitFor();
    await page.goBack();
    await choose(page, 'Level of care', 'PHP');
    await page.getByText('1 referral', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Thomas Whitehorse' }).waitFor();
    expect(page.url()).toContain('level=PHP');
    await page.getByLabel('To', { exact: true }).fill('2020-01-01');
    await page.getByText('No referral fits').waitFor();
    await visit(page, { name: 'referrals-none' });
  });

  it('scroll by the thousand, loading page after page', async () => {
    const page = await pageOf('practice-admin');
    await page.route('**/portal/referrals/search', (route) => {
      const start = Number((route.request().postDataJSON() as { cursor?: string }).cursor ?? '0');
      const data = Array.from({ length: 100 }, (_none, i) => ({
        ...LISTED,
        id: `r${start + i}`,
        client_last: `Number ${start + i}`,
      }));
      const next = start + 100 < 10_000 ? String(start + 100) : null;
      return route.fulfill({ json: { data, count: start === 0 ? 10_000 : null, next } });
    });
    await open(page, '/referrals?box=sent', 'Referrals');
    await page.getByRole('link', { name: 'Number 0', exact: false }).first().waitFor();
    for (const last of [99, 199, 299]) {
      await page.getByRole('region', { name: 'Referrals' }).press('End');
      await page.getByRole('link', { name: `Number ${last}` }).waitFor();
    }
    expect(await page.getByRole('row').count()).toBeLessThan(80);
    expect(await page.getByRole('table').getAttribute('aria-rowcount')).toBe('10001');
  });
});

const LISTED = {
  direction: 'sent',
  client_first: 'Client',
  client_insurance: null,
  sender: 'Camelback Family Medicine',
  sent_to_practice: 'Sonora Behavioral Health',
  service_needed: 'IOP',
  level_of_care: 'IOP',
  status: 'pending',
  is_urgent: false,
  created_at: '2026-01-01T12:00:00.000Z',
};

describe('the directory', () => {
  it('is filtered by county, type and free places, and leads to a referral', async () => {
    const page = await pageOf('practice-admin');
    await open(page, '/directory', 'Directory');
    await page.getByText(/^\d+ providers$/).waitFor();
    await visit(page, { name: 'directory' });
    await choose(page, 'County', 'Pima');
    await choose(page, 'Type', 'Inpatient');
    await page.getByText('1 provider', { exact: true }).waitFor();
    await page.getByRole('checkbox', { name: 'With free places' }).check();
    expect(new URL(page.url()).search).toBe('?county=Pima&type=Inpatient&free=true');
    await page.getByRole('link', { name: 'Refer to Sonora Behavioral Health, Inpatient' }).click();
    await page.getByRole('heading', { level: 1, name: 'New referral' }).waitFor();
    expect(await page.getByRole('combobox', { name: 'Send to' }).inputValue()).toBe(
      'Sonora Behavioral Health',
    );
    expect(await page.getByRole('combobox', { name: 'Level of care' }).inputValue()).toBe('Inpatient');
  });

  it('is there for operators to look at, and referrals are not', async () => {
    const page = await pageOf('operator');
    await open(page, '/directory', 'Directory');
    await page.getByText('Sonora Behavioral Health').first().waitFor();
    expect(await page.getByRole('link', { name: /^Refer/ }).count()).toBe(0);
    await open(page, '/referrals', 'Not for your role');
  });
});
