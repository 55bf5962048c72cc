import type { Page } from 'playwright-core';
import { closePages, pageOf } from './support/browser';
import { BASE } from './support/people';
import { visit } from './support/visit';

afterAll(closePages);

/** Status of a call with the key, as an integration makes it. */
async function callWith(apiKey: string): Promise<number> {
  const answer = await fetch(`${BASE}/api/v1/referrals`, { headers: { Authorization: `Bearer ${apiKey}` } });
  return answer.status;
}

/** The key that the dialog shows this once. */
async function shownKey(page: Page): Promise<string> {
  return (await page.locator('[data-secret]').textContent()) ?? '';
}

describe('API keys', () => {
  it('are made, used, rotated and revoked', async () => {
    const page = await pageOf('practice-admin');
    await page.goto('/keys');
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor();
    await page.getByRole('link', { name: /^key_/ }).first().waitFor();
    await visit(page, { name: 'keys' });

    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByRole('radio', { name: 'Enterprise' }).check();
    await page.getByRole('checkbox', { name: 'referrals:write' }).check();
    await visit(page, { name: 'keys-new', phone: false });
    await page.getByRole('button', { name: 'Create key' }).click();
    await page.getByText('Copy it now').waitFor();
    const first = await shownKey(page);
    expect(first).toMatch(/^hrx_/);
    expect(await callWith(first)).toBe(200);
    await page.getByRole('button', { name: 'Copy', exact: true }).click();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(first);
    await page.getByRole('button', { name: 'I have stored it' }).click();
    expect(await page.content()).not.toContain(first);

    for (let calls = 0; calls < 20; calls++) await callWith(first);
    await page.getByRole('link', { name: /^key_/ }).first().click();
    await page.getByRole('img', { name: /^21 requests in the last 24 hours/ }).waitFor();
    await page.locator('.recharts-surface').first().waitFor();
    await visit(page, { name: 'key' });

    await page.getByRole('button', { name: 'Rotate' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click();
    await page.getByText('Copy it now').waitFor();
    const second = await shownKey(page);
    expect(second).not.toBe(first);
    expect([await callWith(first), await callWith(second)]).toEqual([200, 200]);
    await page.getByRole('button', { name: 'I have stored it' }).click();
    await page.getByText('This key has a successor').waitFor();

    await page.getByRole('link', { name: 'Go to its successor' }).click();
    await page.getByRole('button', { name: 'Revoke' }).click();
    await visit(page, { name: 'key-revoke', phone: false });
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('revoked', { exact: true }).waitFor();
    expect([await callWith(first), await callWith(second)]).toEqual([200, 401]);
  });

  it('are for operators of all practices, and for nobody without the role', async () => {
    const operator = await pageOf('operator');
    await operator.goto('/keys');
    await operator.getByText('Sonora Behavioral Health').waitFor();
    const officer = await pageOf('compliance');
    await officer.goto('/keys');
    await officer.getByRole('heading', { name: 'Not for your role' }).waitFor();
    expect((await officer.request.get('/portal/keys')).status()).toBe(403);
  });

  it('scroll by the ten thousand, with the rows in view alone in the document', async () => {
    const page = await pageOf('operator');
    const data = Array.from({ length: 10_000 }, (_none, index) => ({
      ...LISTED,
      id: `key_${String(index).padStart(10, '0')}`,
    }));
    await page.route('**/portal/keys', (route) => route.fulfill({ json: { data } }));
    await page.goto('/keys');
    await page.getByRole('link', { name: 'key_0000000000' }).waitFor();
    expect(await page.getByRole('row').count()).toBeLessThan(80);
    await page.getByRole('region', { name: 'API keys' }).press('End');
    await page.getByRole('link', { name: 'key_0000009999' }).waitFor();
    expect(await page.getByRole('row').count()).toBeLessThan(80);
    expect(await page.getByRole('table').getAttribute('aria-rowcount')).toBe('10001');
  });
});

const LISTED = {
  practice: 'Sonora Behavioral Health',
  practiceId: 'sonora',
  plan: 'Pro',
  scopes: ['referrals:read'],
  status: 'active',
  createdAt: '2026-01-01T12:00:00.000Z',
  expiresAt: null,
  revokedAt: null,
  lastUsedAt: null,
  replacedBy: null,
};
