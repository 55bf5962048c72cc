import { closePages, newPage, pageOf } from './support/browser';
import { BASE } from './support/people';
import { visit } from './support/visit';

afterAll(closePages);

describe('operations', () => {
  it('are charted for operators from what the server answered, and for nobody else', async () => {
    const page = await pageOf('operator');
    await page.goto('/operations');
    await page.getByText(/Database answers in/).waitFor();
    // The process writes down what it did every ten seconds.
    await page.getByRole('cell', { name: 'Dashboard' }).waitFor({ timeout: 40_000 });
    await page.getByRole('img', { name: /requests a second in the last 15 minutes/ }).waitFor();
    await page.locator('.recharts-surface').first().waitFor();
    await visit(page, { name: 'operations' });
    const officer = await pageOf('compliance');
    expect((await officer.request.get('/portal/operations')).status()).toBe(403);
  });
});

describe('the guides', () => {
  it('look like the dashboard, lead back to it, and carry the address of this server', async () => {
    const page = await newPage();
    await page.goto('/docs');
    await page.getByRole('heading', { name: 'For compliance officers' }).last().waitFor();
    await visit(page, { name: 'docs' });
    await page.goto('/docs/handoffrx');
    await page.getByText(`${BASE}/api/v1/referrals`).first().waitFor();
    await visit(page, { name: 'docs-guide' });
    await page.getByRole('link', { name: 'Dashboard', exact: true }).click();
    await page.waitForURL(/sign-in/);
  });
});
