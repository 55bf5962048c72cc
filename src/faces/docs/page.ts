import MarkdownIt from 'markdown-it';
import type { Guide } from './guide';

const markdown = new MarkdownIt({ html: false, linkify: false });

/** Headings get anchors from their words, and links between documents lead to their pages. */
export function renderMarkdown(text: string): string {
  return markdown
    .render(text)
    .replace(/<h([2-4])>(.*?)<\/h\1>/g, (_all, level: string, words: string) => `<h${level} id="${anchor(words)}">${words}</h${level}>`)
    .replace(/href="(?:\.\/)?([\w-]+)\.md(#[\w-]*)?"/g, (_all, name: string, fragment = '') => `href="/docs/${name}${fragment}"`)
    .replace(/src="images\//g, 'src="/docs/images/');
}

function anchor(words: string): string {
  return words.replace(/<[^>]+>/g, '').toLowerCase().replace(/[^\w]+/g, '-').replace(/^-|-$/g, '');
}

/** One page with the list of guides beside it; readable on a phone, in light and dark. */
export function page(title: string, body: string, guides: readonly Guide[]): string {
  const links = guides.map(({ name, title: words }) => `<li><a href="/docs/${name}">${words}</a></li>`).join('');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title><link rel="stylesheet" href="/docs/style.css"></head>
<body><a class="skip" href="#main">Skip to the text</a>
<header><a href="/docs">Crosswalk</a></header>
<nav aria-label="Guides"><ul><li><a href="/docs/api/handoffrx">HandoffRx API</a></li><li><a href="/docs/api/dermifi">Dermifi API</a></li>${links}</ul></nav>
<main id="main">${body}</main></body></html>`;
}

export const STYLE = `
:root { color-scheme: light dark; --ink: #1a2330; --soft: #5a6675; --line: #d9dfe7; --paper: #fff; --tint: #f3f6f9; --link: #0b5cad; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9f0; --soft: #9aa7b6; --line: #2d3846; --paper: #12181f; --tint: #1b232d; --link: #79b8ff; } }
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.6 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  display: grid; grid-template-columns: 15rem minmax(0, 1fr); grid-template-areas: "head head" "nav main"; }
header { grid-area: head; padding: .8rem 1.5rem; border-bottom: 1px solid var(--line); font-weight: 650; }
header a { color: inherit; text-decoration: none; }
nav { grid-area: nav; padding: 1.5rem; border-right: 1px solid var(--line); font-size: .92rem; min-height: 90vh; }
nav ul { list-style: none; margin: 0; padding: 0; } nav li { margin: .35rem 0; }
main { grid-area: main; padding: 1.5rem 2rem 4rem; max-width: 60rem; }
a { color: var(--link); } h1 { line-height: 1.2; } h2 { margin-top: 2.2rem; }
code { font: .88em ui-monospace, monospace; background: var(--tint); padding: .1em .3em; border-radius: .2rem; overflow-wrap: anywhere; }
main > pre { background: var(--tint); padding: 1rem; overflow-x: auto; border-radius: .4rem; } main > pre code { padding: 0; overflow-wrap: normal; }
table { border-collapse: collapse; display: block; overflow-x: auto; } th, td { border: 1px solid var(--line); padding: .4rem .7rem; text-align: left; vertical-align: top; }
img { max-width: 100%; }
.skip { position: absolute; left: -100rem; } .skip:focus { left: 1rem; top: .5rem; background: var(--paper); padding: .3rem .6rem; }
#reference { background: #fff; color: #1a2330; border-radius: .4rem; }
@media (max-width: 45rem) { body { grid-template-columns: minmax(0, 1fr); grid-template-areas: "head" "main" "nav"; } nav { min-height: 0; border: 0; border-top: 1px solid var(--line); } main { padding: 1rem; } }
`;
