import type { Bundle, Patient } from '@medplum/fhirtypes';
import type { Page } from 'playwright-core';
import { closePages, pageOf } from './support/browser';
import { visit } from './support/visit';

afterAll(closePages);

/** A call of the FHIR face as the page's user, with the CSRF token of the session. */
async function fhir<T>(page: Page, method: 'GET' | 'PUT', path: string, body?: unknown): Promise<T> {
  const session = (await (await page.request.get('/portal/session')).json()) as { csrfToken: string };
  const answer = await page.request.fetch(`/fhir/R4/${path}`, {
    method,
    headers: { 'X-CSRF-Token': session.csrfToken, 'Content-Type': 'application/fhir+json' },
    ...(body !== undefined && { data: JSON.stringify(body) }),
  });
  expect(answer.ok()).toBe(true);
  return (await answer.json()) as T;
}

describe('FHIR browser', () => {
  it('searches by the form, follows a reference and compares two versions', async () => {
    const page = await pageOf('staff');
    const { entry = [] } = await fhir<Bundle<Patient>>(page, 'GET', 'Patient?family=Lopez');
    const maria = entry[0]?.resource;
    const id = maria?.id ?? '';
    await fhir(page, 'PUT', `Patient/${id}`, { ...maria, maritalStatus: { text: 'Widowed' } });

    await page.goto('/records');
    await page.getByRole('link', { name: 'Patient Who is cared for' }).waitFor();
    await visit(page, { name: 'records' });
    await page.getByRole('link', { name: 'Patient Who is cared for' }).click();
    await page.getByRole('combobox', { name: 'Another parameter' }).fill('birthd');
    await page.getByRole('option', { name: /^birthdate/ }).click();
    await page.getByRole('combobox', { name: 'Comparison of birthdate' }).selectOption('ge');
    const birthdate = page.getByRole('textbox', { name: 'birthdate' });
    await birthdate.fill('last year');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByText(/A date of the form YYYY/).waitFor();
    await visit(page, { name: 'records-fault', phone: false });

    await birthdate.fill('1990');
    await page.getByRole('textbox', { name: 'name', exact: true }).fill('lop');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByRole('link', { name: 'Maria Lopez' }).waitFor();
    const query = (await page.locator('[data-query]').textContent()) ?? '';
    expect(query).toContain('/fhir/R4/Patient?name=lop&birthdate=ge1990&_count=50');
    expect(page.url()).not.toContain('lop');
    await page.getByRole('button', { name: 'Copy the query' }).click();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(query);
    await visit(page, { name: 'records-search' });

    await page.getByRole('link', { name: 'Maria Lopez' }).click();
    await page.getByText('Widowed').waitFor();
    await visit(page, { name: 'record' });
    await page.getByRole('tab', { name: 'History' }).click();
    await page.getByText(/^Version 1 to 2: \d+ lines added/).waitFor();
    expect(await page.getByRole('insertion').allTextContents()).toContainEqual(
      expect.stringContaining('"text": "Widowed"'),
    );
    await page.getByText('Side by side').click();
    await visit(page, { name: 'record-difference' });

    await page.getByRole('tab', { name: 'JSON' }).click();
    await page
      .getByRole('region', { name: 'JSON' })
      .getByText(/"maritalStatus"/)
      .waitFor();
    await page.getByRole('tab', { name: 'Fields' }).click();
    await page.getByRole('link', { name: /^Organization\// }).click();
    await page.getByRole('heading', { level: 1, name: 'Bay Area Dermatology' }).waitFor();
    // Back in the search, the form is as it was left.
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'Maria Lopez' }).waitFor();
    await page.getByRole('link', { name: 'Patient', exact: true }).click();
    await page.getByRole('link', { name: 'Maria Lopez' }).waitFor();
  });

  it('pages by the links of the bundle', async () => {
    const page = await pageOf('operator');
    await page.goto('/records/Organization');
    await page.getByRole('button', { name: 'Order and results' }).click();
    await page.getByRole('combobox', { name: 'Results a page' }).selectOption('20');
    await page.getByRole('button', { name: 'Search', exact: true }).click();
    await page.getByText('20 on this page').waitFor();
    const first = await page.getByRole('table').getByRole('link').first().getAttribute('href');
    await page.getByRole('button', { name: 'Next' }).click();
    await page.locator(`[href="${first ?? ''}"]`).waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Previous' }).click();
    await page.locator(`[href="${first ?? ''}"]`).waitFor();
  });

  it('is not for compliance officers, and never runs the markup of a narrative', async () => {
    const officer = await pageOf('compliance');
    await officer.goto('/records/Patient');
    await officer.getByRole('heading', { name: 'Not for your role' }).waitFor();

    const page = await pageOf('staff');
    await page.route('**/fhir/R4/Basic/1', (route) =>
      route.fulfill({
        json: {
          resourceType: 'Basic',
          id: '1',
          code: { text: 'Told' },
          text: { status: 'generated', div: '<div><img src="x" onerror="alert(1)"><b>Bold</b> words</div>' },
        },
      }),
    );
    await page.goto('/records/Basic/1');
    await page.getByText('Bold words').waitFor();
    expect(await page.locator('main b, main img').count()).toBe(0);
  });
});
