import type { Page } from 'playwright-core';
import { closePages, newPage, pageOf } from './support/browser';
import { codeOf, person } from './support/people';
import { visit } from './support/visit';

afterAll(closePages);

async function fillIn(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

describe('signing in', () => {
  const roles = [
    ['operator', 'Hello, Olivia'],
    ['practice-admin', 'Hello, Priya'],
    ['compliance', 'Hello, Carmen'],
  ];

  it.each(roles)('leads the %s home', async (role, greeting) => {
    const page = await newPage();
    await page.goto('/');
    const { email, password } = person(role);
    await fillIn(page, email, password);
    await page.getByRole('heading', { level: 1, name: greeting }).waitFor();
    await visit(page, { name: `home-${role}` });
  });

  it('asks clinicians for the code of their second factor', async () => {
    const page = await newPage();
    const provider = person('provider');
    await page.goto('/');
    await visit(page, { name: 'sign-in' });
    await fillIn(page, provider.email, provider.password);
    await page.getByRole('heading', { name: 'Second step' }).waitFor();
    await visit(page, { name: 'sign-in-code', phone: false });
    await page.getByLabel('Code of your authenticator').fill(codeOf(provider, 1));
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByRole('heading', { level: 1, name: 'Hello, Emily' }).waitFor();
  });

  it('keeps the cookie from scripts, and nothing in storage', async () => {
    const page = await pageOf('compliance');
    await page.goto('/');
    await page.getByRole('heading', { level: 1 }).waitFor();
    const [cookie] = await page.context().cookies();
    expect(cookie).toMatchObject({ name: 'crosswalk', httpOnly: true, sameSite: 'Strict', path: '/' });
    expect(
      await page.evaluate('document.cookie + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)'),
    ).toBe('{}{}');
  });

  it('says how long to wait after several failures', async () => {
    const page = await newPage();
    await page.goto('/sign-in');
    for (let tries = 0; tries < 5; tries++) {
      const answered = page.waitForResponse('**/portal/session');
      await fillIn(page, 'nobody@crosswalk.example', `wrong-${tries}`);
      await answered;
      await page.getByRole('alert').waitFor();
    }
    const refused = page.waitForResponse('**/portal/session');
    await fillIn(page, 'nobody@crosswalk.example', 'wrong again');
    expect((await refused).status()).toBe(429);
    await page.getByText('Too many tries').waitFor();
  });

  it('returns to the page that was asked for, and signs out everywhere at once', async () => {
    const page = await newPage();
    await page.goto('/keys');
    const { email, password } = person('practice-admin');
    await fillIn(page, email, password);
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor();

    const other = await page.context().newPage();
    await other.goto('/keys');
    await other.getByRole('heading', { level: 1, name: 'API keys' }).waitFor();

    await page.getByRole('button', { name: 'Priya Shah' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
    expect((await other.request.get('/portal/keys')).status()).toBe(401);
    await other.getByRole('button', { name: 'New key' }).first().click();
    await other.getByRole('button', { name: 'Create key' }).click();
    await other.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  });

  it('follows another tab: a new session of the same user, another user, and none', async () => {
    const page = await newPage();
    const signIn = async (role: string): Promise<void> => {
      const { email, password } = person(role);
      expect((await page.request.post('/portal/session', { data: { email, password } })).ok()).toBe(true);
    };
    await signIn('staff');
    await page.goto('/patients/new');
    await page.getByRole('textbox', { name: 'First name' }).fill('Tabea');
    await page.getByRole('textbox', { name: 'Last name' }).fill('Zwei');
    await page.getByLabel('Date of birth').fill('1991-04-02');
    await page.getByRole('checkbox', { name: /consents to treatment/ }).check();
    await page.getByRole('button', { name: 'Add patient' }).click();
    const missing = page.getByRole('checkbox', { name: /privacy practices/ });
    expect(await missing.getAttribute('aria-invalid')).toBe('true');
    await missing.check();
    await signIn('staff');
    await page.getByRole('button', { name: 'Add patient' }).dblclick();
    await page.getByRole('heading', { level: 1, name: 'Tabea Zwei active' }).waitFor();
    const { data } = (await (await page.request.get('/v1/patients?search=zwei')).json()) as {
      data: unknown[];
    };
    expect(data).toHaveLength(1);

    await signIn('admin');
    await page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))");
    await page.getByRole('button', { name: 'Alex Kim' }).waitFor();
    await page.context().clearCookies();
    await page.getByRole('button', { name: 'Alex Kim' }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { level: 1, name: 'Sign in' }).waitFor();
  });
});
