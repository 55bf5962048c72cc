import MarkdownIt from 'markdown-it';
import type { Guide } from './guide';
import { READERS } from './readers';

const markdown = new MarkdownIt({ html: false, linkify: false });

/**
 * Headings get anchors from their words, and links between documents lead to their pages. What scrolls sideways can
 * be scrolled with the keyboard.
 */
export function renderMarkdown(text: string): string {
  return markdown
    .render(text)
    .replace(
      /<h([2-4])>(.*?)<\/h\1>/g,
      (_all, level: string, words: string) => `<h${level} id="${anchor(words)}">${words}</h${level}>`,
    )
    .replace(
      /href="(?:\.\/)?([\w-]+)\.md(#[\w-]*)?"/g,
      (_all, name: string, fragment = '') => `href="/docs/${name}${fragment}"`,
    )
    .replace(/src="images\//g, 'src="/docs/images/')
    .replace(/<pre>/g, '<pre tabindex="0">')
    .replace(/<table>/g, '<div class="wide" tabindex="0"><table>')
    .replace(/<\/table>/g, '</table></div>');
}

function anchor(words: string): string {
  return words
    .replace(/<[^>]+>/g, '')
    .toLowerCase()
    .replace(/[^\w]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** The API references, by the name in their path. */
export const REFERENCES: Readonly<Record<string, { title: string; document: string; about: string }>> = {
  handoffrx: {
    title: 'HandoffRx REST API v1',
    document: '/api/v1/openapi.json',
    about: 'Referrals, the provider directory and matching; try calls from the page.',
  },
  dermifi: {
    title: 'Dermifi API',
    document: '/v1/openapi.json',
    about: 'Patients, visits, photos, schedule, orders, prescriptions and refills.',
  },
};

/** A group of links: API references first, then the guides of each reader. */
interface Group {
  title: string;
  links: { to: string; title: string; about: string }[];
}

/** Everything there is to read, by reader. */
export function groupsOf(guides: ReadonlyMap<string, Guide>): Group[] {
  const references = Object.entries(REFERENCES).map(([name, { title, about }]) => ({
    to: `/docs/api/${name}`,
    title,
    about,
  }));
  const named = new Set(READERS.flatMap(({ guides: each }) => Object.keys(each)));
  const others = [...guides.keys()].filter((name) => !named.has(name));
  const groups = READERS.map(({ title, guides: each }) => ({
    title,
    links: [
      ...Object.entries(each),
      ...(title === READERS.at(-1)?.title ? others.map((name) => [name, ''] as const) : []),
    ].flatMap(([name, about]) => {
      const guide = guides.get(name);
      return guide === undefined ? [] : [{ to: `/docs/${name}`, title: guide.title, about }];
    }),
  }));
  return [{ title: 'API reference', links: references }, ...groups];
}

/** One page in the look of the dashboard: its header, the list of guides beside it; readable on a phone, in light and dark. */
export function page(title: string, body: string, groups: readonly Group[], path: string): string {
  const links = groups
    .map(({ title: group, links: each }) => {
      const items = each.map(
        ({ to, title: words }) =>
          `<li><a href="${to}"${to === path ? ' aria-current="page"' : ''}>${words}</a></li>`,
      );
      return `<h2>${group}</h2><ul>${items.join('')}</ul>`;
    })
    .join('');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" type="image/svg+xml" href="/docs/icon.svg">
<title>${title === 'Crosswalk' ? 'Guides and APIs' : title} · Crosswalk</title><link rel="stylesheet" href="/docs/style.css"></head>
<body><a class="skip" href="#main">Skip to the text</a>
<header><a class="wordmark" href="/docs"><img src="/docs/icon.svg" alt="" width="26" height="26">Crosswalk guides</a><a class="back" href="/">Dashboard</a></header>
<nav aria-label="Guides">${links}</nav>
<main id="main" tabindex="-1">${body}</main></body></html>`;
}
