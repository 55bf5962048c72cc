import { closePages, newPage, pageOf } from './support/browser';
import { BASE } from './support/people';
import { visit } from './support/visit';

afterAll(closePages);

describe('operations', () => {
  it('are charted for operators from what the server answered, and for nobody else', async () => {
    const page = await pageOf('operator');
    await page.goto('/operations');
    await page.getByText(/Database answers in/).waitFor();
    // The process writes down what it did every ten seconds; so long there is something to write down. An image shows more.
    const told = page.getByRole('cell', { name: 'FHIR' });
    const busy = page.getByRole('img', { name: /At most [1-9]/ });
    const until = Date.now() + (process.env['SCREENSHOTS'] === '1' ? 90_000 : 0);
    for (let round = 0; round < 600 && (Date.now() < until || !(await busy.isVisible())); round++) {
      for (const path of ['Practitioner?_count=5', 'metadata', 'Practitioner/none'].slice(round % 3))
        await page.request.get(`/fhir/R4/${path}`);
      await page.waitForTimeout(100 + 400 * (1 + Math.sin(round / 25)));
    }
    await told.waitFor();
    await page.getByRole('cell', { name: 'Dashboard' }).waitFor();
    await page.getByRole('img', { name: /requests a second in the last 15 minutes/ }).waitFor();
    await page.locator('.recharts-surface').first().waitFor();
    await visit(page, { name: 'operations' });
    const officer = await pageOf('compliance');
    expect((await officer.request.get('/portal/operations')).status()).toBe(403);
  }, 180_000);
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
