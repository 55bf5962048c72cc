import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { closePages, PHONE, pageOf } from './support/browser';
import { BASE } from './support/people';

afterAll(closePages);

const DIST = join(__dirname, '..', '..', 'dist', 'web');

interface Chunk {
  file: string;
  imports?: string[];
  css?: string[];
  isEntry?: boolean;
}

/** Everything that the first page load fetches: the entry, what it imports, and their styles. */
function firstLoad(): string[] {
  const manifest = JSON.parse(readFileSync(join(DIST, '.vite', 'manifest.json'), 'utf8')) as Record<
    string,
    Chunk
  >;
  const files = new Set<string>();
  const add = (chunk: Chunk | undefined): void => {
    if (chunk === undefined || files.has(chunk.file)) return;
    [chunk.file, ...(chunk.css ?? [])].forEach((file) => files.add(file));
    for (const name of chunk.imports ?? []) add(manifest[name]);
  };
  add(Object.values(manifest).find(({ isEntry }) => isEntry === true));
  return [...files];
}

describe('the application', () => {
  it.each(['gz', 'br'])('loads with less than 250 kB at first (%s)', (encoding) => {
    const sizes = firstLoad().map((file) => {
      const compressed = join(DIST, `${file}.${encoding}`);
      return statSync(existsSync(compressed) ? compressed : join(DIST, file)).size;
    });
    expect(sizes.length).toBeGreaterThan(1);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(250_000);
  });

  it('serves hashed assets compressed and for ever, its pages fresh, and no page for unknown API paths', async () => {
    const page = await fetch(`${BASE}/keys/any`);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('cache-control')).toBe('no-store');
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/script-src 'self';/);
    expect(policy).not.toContain('unsafe');
    const [, script = ''] = /src="(\/assets\/[^"]+)"/.exec(await page.text()) ?? [];
    const asset = await fetch(`${BASE}${script}`, { headers: { 'Accept-Encoding': 'br' } });
    expect(asset.headers.get('content-encoding')).toBe('br');
    expect(asset.headers.get('cache-control')).toContain('immutable');
    expect((await fetch(`${BASE}/portal/nothing`)).status).toBe(404);
    expect((await fetch(`${BASE}/nothing`)).headers.get('content-type')).toContain('json');
  });

  it('is usable with the keyboard: skip link, and the heading focused after a navigation', async () => {
    const page = await pageOf('practice-admin');
    await page.goto('/');
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the page');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await page.getByRole('navigation').getByRole('link', { name: 'API keys' }).press('Enter');
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor();
    await page.locator('h1:focus').waitFor();
    expect(await page.title()).toBe('API keys · Crosswalk');
  });

  it('is dark or light as chosen, and opens its navigation on a phone', async () => {
    const page = await pageOf('practice-admin');
    await page.goto('/');
    await page.getByRole('button', { name: 'Priya Shah' }).click();
    await page.getByRole('menuitem', { name: 'Dark' }).click();
    await page.locator('html[data-mantine-color-scheme=dark]').waitFor();
    await page.setViewportSize(PHONE);
    await page.getByRole('button', { name: 'Navigation' }).click();
    await page.getByRole('navigation').getByRole('link', { name: 'API keys' }).click();
    await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor();
  });
});
