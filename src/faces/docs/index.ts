import type { Application, RequestHandler, Response } from 'express';
import express from 'express';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compressed } from '../../http';
import type { Guide } from './guide';
import { groupsOf, page, REFERENCES, renderMarkdown } from './page';
import { STYLE } from './style';

const ROOT = join(__dirname, '..', '..', '..');
const DOCS = join(ROOT, 'docs');
const ICON = join(ROOT, 'web', 'src', 'app', 'icon.svg');
/** Base URL that the documents' commands are written with; a reader sees this server's own. */
const WRITTEN_BASES = ['http://127.0.0.1:8080', '$BASE'];

/** `/docs`: the guides of docs/ as pages, and the API reference, all from this server. */
export function mountDocs(app: Application, publicUrl: string, headers: RequestHandler): void {
  app.use('/docs', headers, compressed);
  const icon = readFileSync(ICON);
  const guides = loadGuides(publicUrl);
  const groups = groupsOf(guides);
  const html = (res: Response, status: number, title: string, body: string, path = ''): void => {
    res
      .status(status)
      .type('html')
      .send(page(title, body, groups, path));
  };
  app.get('/docs', (_req, res) => html(res, 200, 'Crosswalk', welcomeBody(publicUrl, groups)));
  app.get('/docs/style.css', (_req, res) => void res.type('css').send(STYLE));
  app.get('/docs/icon.svg', (_req, res) => void res.type('svg').send(icon));
  app.use(
    '/docs/assets',
    express.static(dirname(require.resolve('swagger-ui-dist/package.json')), {
      index: false,
      redirect: false,
    }),
  );
  app.use('/docs/images', express.static(join(DOCS, 'images'), { index: false, redirect: false }));
  app.get('/docs/api/:name', (req, res) => {
    const { name } = req.params;
    const reference = REFERENCES[name];
    if (reference === undefined) return html(res, 404, 'Not found', NOT_FOUND);
    html(res, 200, reference.title, referenceBody(name, reference.title), `/docs/api/${name}`);
  });
  app.get('/docs/api/:name/reference.js', (req, res) => {
    const reference = REFERENCES[req.params.name];
    if (reference === undefined) return void res.status(404).end();
    res.type('js').send(referenceScript(reference.document));
  });
  app.get('/docs/:name', (req, res) => {
    const guide = guides.get(req.params.name.replace(/\.md$/, ''));
    if (guide === undefined) return html(res, 404, 'Not found', NOT_FOUND);
    html(res, 200, guide.title, guide.body, `/docs/${guide.name}`);
  });
}

const NOT_FOUND = '<h1>Not found</h1><p>There is no such page. <a href="/docs">All guides</a></p>';

/** Read and rendered once, at start. */
function loadGuides(publicUrl: string): Map<string, Guide> {
  const names = readdirSync(DOCS)
    .filter((name) => name.endsWith('.md'))
    .map((name) => name.replace(/\.md$/, ''))
    .sort();
  return new Map(
    names.map((name) => {
      const written = readFileSync(join(DOCS, `${name}.md`), 'utf8');
      const text = WRITTEN_BASES.reduce((all, base) => all.replaceAll(base, publicUrl), written);
      const title = /^# (.+)$/m.exec(text)?.[1] ?? name;
      return [name, { name, title, body: renderMarkdown(text) }];
    }),
  );
}

function welcomeBody(publicUrl: string, groups: ReturnType<typeof groupsOf>): string {
  const sections = groups.map(({ title, links }) => {
    const cards = links.map(
      ({ to, title: words, about }) =>
        `<li><a href="${to}"><strong>${words}</strong><span>${about}</span></a></li>`,
    );
    return `<h2>${title}</h2><ul class="cards">${cards.join('')}</ul>`;
  });
  return `<h1>Guides and APIs</h1>
<p class="lead">One clinical record as FHIR R4, with three faces onto it. Examples in these pages carry this server's address, <code>${publicUrl}</code>.</p>
<div class="wide" tabindex="0"><table>
<thead><tr><th>Face</th><th>Base</th><th>Described by</th></tr></thead>
<tbody>
<tr><td>HandoffRx REST API v1</td><td><code>${publicUrl}/api/v1</code></td><td><a href="/docs/api/handoffrx">reference</a>, <a href="/api/v1/openapi.json">OpenAPI</a></td></tr>
<tr><td>Dermifi API</td><td><code>${publicUrl}/v1</code></td><td><a href="/docs/api/dermifi">reference</a>, <a href="/v1/openapi.json">OpenAPI</a></td></tr>
<tr><td>FHIR R4</td><td><code>${publicUrl}/fhir/R4</code></td><td><a href="/fhir/R4/metadata?_pretty=true">CapabilityStatement</a>, <a href="/fhir/R4/.well-known/smart-configuration">SMART configuration</a></td></tr>
</tbody></table></div>
${sections.join('\n')}`;
}

function referenceBody(name: string, title: string): string {
  return `<h1>${title}</h1><link rel="stylesheet" href="/docs/assets/swagger-ui.css"><div id="reference"></div>
<script src="/docs/assets/swagger-ui-bundle.js"></script><script src="/docs/api/${name}/reference.js"></script>`;
}

function referenceScript(document: string): string {
  return `SwaggerUIBundle({ url: ${JSON.stringify(document)}, dom_id: '#reference', deepLinking: true, docExpansion: 'list' });`;
}
