import { closePages, newPage, pageOf } from './support/browser';
import { visit } from './support/visit';

afterAll(closePages);

describe('Users', () => {
  it('are made by the practice’s administrator, sign in, and are disabled', async () => {
    const page = await pageOf('practice-admin');
    await page.goto('/users');
    await page.getByRole('button', { name: 'New user' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Name' }).fill('Robin Hale');
    await dialog.getByRole('textbox', { name: 'E-mail' }).fill('robin at home');
    await dialog.getByRole('checkbox', { name: 'Second factor' }).uncheck();
    expect(await dialog.getByRole('option', { name: 'Operator' }).count()).toBe(0);
    await dialog.getByRole('textbox', { name: 'E-mail' }).fill('robin@camelback.example');
    await visit(page, { name: 'users-new', phone: false });
    await dialog.getByRole('button', { name: 'Make user' }).click();
    await page.getByText('Copy it now').waitFor();
    const password = (await page.locator('[data-secret]').textContent()) ?? '';
    await page.getByRole('button', { name: 'I have passed it on' }).click();
    const row = page.getByRole('row').filter({ hasText: 'Robin Hale' });
    await row.getByText('never').waitFor();
    await visit(page, { name: 'users' });

    const visitor = await newPage();
    const signIn = () =>
      visitor.request.post('/portal/session', { data: { email: 'robin@camelback.example', password } });
    expect((await signIn()).status()).toBe(200);
    await visitor.goto('/');
    await visitor.getByRole('heading', { level: 1, name: 'Hello, Robin' }).waitFor();

    await page.getByRole('button', { name: 'Actions for Robin Hale' }).click();
    expect(await page.getByRole('menuitem', { name: 'New password' }).count()).toBe(0);
    await page.getByRole('menuitem', { name: 'Disable' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
    await row.getByText('disabled').waitFor();
    expect((await signIn()).status()).toBe(401);
    await visitor.goto('/referrals');
    await visitor.getByRole('button', { name: 'Sign in' }).waitFor();
  });

  it('get a new password from operators, who see all practices', async () => {
    const page = await pageOf('operator');
    await page.goto('/users');
    await page.getByRole('searchbox', { name: 'Find a user' }).fill('staff@dermifi');
    await page.getByRole('button', { name: 'Actions for Sam Rivera' }).click();
    await page.getByRole('menuitem', { name: 'New password' }).click();
    await page.getByRole('dialog').getByText('every session end at once').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    // A new user with a second factor: its key can be scanned.
    await page.getByRole('button', { name: 'New user' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Name' }).fill('Olga Petrova');
    await dialog.getByRole('textbox', { name: 'E-mail' }).fill('olga@crosswalk.example');
    await dialog.getByRole('combobox', { name: 'Role' }).selectOption('operator');
    await dialog.getByRole('button', { name: 'Make user' }).click();
    await dialog.getByRole('img', { name: 'QR code of the key' }).waitFor();
    await visit(page, { name: 'users-made' });
    const officer = await pageOf('compliance');
    await officer.goto('/users');
    await officer.getByRole('heading', { name: 'Not for your role' }).waitFor();
  });
});
