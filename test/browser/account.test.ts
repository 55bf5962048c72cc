import { TOTP } from 'otpauth';
import type { Page } from 'playwright-core';
import { closePages, newPage, pageOf } from './support/browser';
import { visit } from './support/visit';

afterAll(closePages);

let made = 0;

/** Signs in as a user made for this test: nobody else's password changes. */
async function ownPage(): Promise<{ page: Page; password: string; signIn: () => Promise<number> }> {
  const email = `noor${++made}@camelback.example`;
  const administrator = await pageOf('practice-admin');
  const { csrfToken } = (await (await administrator.request.get('/portal/session')).json()) as {
    csrfToken: string;
  };
  const answer = await administrator.request.post('/portal/users', {
    headers: { 'X-CSRF-Token': csrfToken },
    data: { email, name: 'Noor Haddad', role: 'staff' },
  });
  const { password } = (await answer.json()) as { password: string };
  const page = await newPage();
  expect((await page.request.post('/portal/session', { data: { email, password } })).status()).toBe(200);
  const signIn = async (): Promise<number> => {
    const visitor = await newPage();
    return (await visitor.request.post('/portal/session', { data: { email, password } })).status();
  };
  return { page, password, signIn };
}

describe('Your account', () => {
  it('changes the password, naming what is wrong', async () => {
    const { page, password, signIn } = await ownPage();
    await page.goto('/');
    await page.getByRole('button', { name: 'Noor Haddad' }).click();
    await page.getByRole('menuitem', { name: 'Your account' }).click();
    await page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor();
    await page.getByText('Clinic staff at Camelback').waitFor();
    await visit(page, { name: 'account' });

    await page.getByRole('button', { name: 'Change password' }).click();
    const dialog = page.getByRole('dialog');
    const field = (name: string) => dialog.getByRole('textbox', { name, exact: true });
    await field('Present password').fill('not this one');
    await field('New password').fill('short');
    await field('New password again').fill('shorter');
    await dialog.getByText('Differs from the one above').waitFor();
    await visit(page, { name: 'account-password', phone: false });
    await field('New password again').fill('short');
    const send = dialog.getByRole('button', { name: 'Change password' });
    await send.click();
    await dialog.getByText('8 to 256 characters').waitFor();
    for (const name of ['New password', 'New password again'])
      await field(name).fill('four plain quiet words');
    await send.click();
    await dialog.getByText('This password, or the code, is wrong').waitFor();
    await field('Present password').fill(password);
    await send.click();
    await page.getByText('The password is changed').waitFor();
    expect(await signIn()).toBe(401);
    await page.reload();
    await page.getByRole('heading', { level: 1, name: 'Your account' }).waitFor();
  });

  it('turns the second factor on with a code of it, and off again', async () => {
    const { page, password, signIn } = await ownPage();
    await page.goto('/account');
    await page.getByRole('button', { name: 'Turn on' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Present password' }).fill(password);
    await dialog.getByRole('button', { name: 'Continue' }).click();
    await dialog.getByRole('img', { name: 'QR code of the key' }).waitFor();
    const secret = (await page.locator('[data-secret]').textContent()) ?? '';
    const code = (steps: number): string =>
      new TOTP({ secret }).generate({ timestamp: Date.now() + steps * 30_000 });
    await visit(page, { name: 'account-second-factor' });
    const typed = dialog.getByRole('textbox', { name: 'Code that the application shows now' });
    await typed.fill('000000');
    await dialog.getByRole('button', { name: 'Turn on' }).click();
    await dialog.getByText('check the clock of its device').waitFor();
    await typed.fill(code(0));
    await dialog.getByRole('button', { name: 'Turn on' }).click();
    await page.getByText('The second factor is on').waitFor();
    expect(await signIn()).toBe(401);

    await page.getByRole('button', { name: 'Turn off' }).click();
    await dialog.getByRole('textbox', { name: 'Present password' }).fill(password);
    await dialog.getByRole('textbox', { name: 'Code of your authenticator' }).fill(code(1));
    await dialog.getByRole('button', { name: 'Turn off' }).click();
    await page.getByRole('button', { name: 'Turn on' }).waitFor();
    expect(await signIn()).toBe(200);
  });
});
