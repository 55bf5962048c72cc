import type { AxeResults } from 'axe-core';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { DESKTOP, PHONE } from './browser';

const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const IMAGES = join(__dirname, '..', '..', '..', 'docs', 'images');
/** WCAG 2.2 AA, and what axe calls best practice. */
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** All that another colour scheme can break. */
const COLOURS = { type: 'rule', values: ['color-contrast', 'link-in-text-block'] };

/** A dialog's `header` lies in a `section` with a role of its own; it is no banner, but axe takes it for one. */
const EXCEPTED = {
  'landmark-no-duplicate-banner': { enabled: false },
  'landmark-banner-is-top-level': { enabled: false },
};

/** Pixels of a screenshot of a long page. */
const HIGHEST = 1300;

interface Look {
  /** Name of the screenshots: `docs/images/dashboard-<name>.png`, `-dark` and `-phone`. */
  name: string;
  /** Also as a phone shows it. Default true. */
  phone?: boolean;
}

/**
 * What is on the page now is accessible in light and dark, fits a phone's width, and with SCREENSHOTS=1 is kept as
 * images. Wait for what the page should show before.
 */
export async function visit(page: Page, { name, phone = true }: Look): Promise<void> {
  await page.waitForLoadState('networkidle');
  for (const scheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.evaluate(shownIn(scheme));
    await settled(page);
    expect(await violations(page, scheme === 'light' ? RULES : COLOURS)).toEqual([]);
    await keep(page, scheme === 'light' ? name : `${name}-dark`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.evaluate(shownIn('light'));
  if (!phone) return;
  await page.setViewportSize(PHONE);
  await settled(page);
  expect(await violations(page, RULES)).toEqual([]);
  const width = await page.evaluate<number>('document.documentElement.scrollWidth');
  expect(width).toBeLessThanOrEqual(PHONE.width);
  await keep(page, `${name}-phone`);
  await page.setViewportSize(DESKTOP);
}

/** Rules that the page breaks, with where: readable in a failed assertion. */
async function violations(page: Page, runOnly: typeof RULES | typeof COLOURS): Promise<string[]> {
  if (await page.evaluate<boolean>("typeof axe === 'undefined'")) await page.evaluate(AXE);
  const options = JSON.stringify({ runOnly, rules: EXCEPTED, resultTypes: ['violations'] });
  // Behind an open dialog nothing can be reached.
  const results = await page.evaluate<AxeResults>(
    `axe.run(document.querySelector('[role=dialog]') ?? document, ${options})`,
  );
  return results.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary ?? ''}`),
  );
}

/** Resolves when the application has drawn itself in the scheme; other pages follow the browser at once. */
function shownIn(scheme: 'light' | 'dark'): string {
  return `new Promise((done) => {
    const look = () => {
      const present = document.documentElement.dataset.mantineColorScheme;
      if (present === undefined || present === '${scheme}') requestAnimationFrame(() => requestAnimationFrame(done));
      else setTimeout(look, 20);
    };
    look();
  })`;
}

/** Nothing moves any more. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(
    'document.fonts.ready.then(() => Promise.all(document.getAnimations().map((each) => each.finished.catch(() => undefined))))',
  );
}

/** What the window shows from the top; a longer page in a higher window, a dialog in the window as it is. */
async function keep(page: Page, name: string): Promise<void> {
  if (process.env['SCREENSHOTS'] !== '1') return;
  mkdirSync(IMAGES, { recursive: true });
  const { width, height } = page.viewportSize() ?? DESKTOP;
  if ((await page.getByRole('dialog').count()) === 0) {
    const whole = await page.evaluate<number>('document.documentElement.scrollHeight');
    await page.setViewportSize({ width, height: Math.min(HIGHEST, Math.max(height, whole)) });
    await page.evaluate('window.scrollTo(0, 0)');
    await settled(page);
  }
  const image = await page.screenshot({ animations: 'disabled', caret: 'hide' });
  await page.setViewportSize({ width, height });
  await sharp(image)
    .png({ palette: true, quality: 90, compressionLevel: 9 })
    .toFile(join(IMAGES, `dashboard-${name}.png`));
}
