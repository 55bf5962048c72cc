import type { Page } from 'playwright-core';

/** A call of the Dermifi face as the page's user. */
export async function v1<T>(
  page: Page,
  method: 'GET' | 'POST' | 'PUT',
  path: string,
  data?: unknown,
): Promise<T> {
  const session = (await (await page.request.get('/portal/session')).json()) as { csrfToken: string };
  const answer = await page.request.fetch(`/v1/${path}`, {
    method,
    headers: { 'X-CSRF-Token': session.csrfToken },
    ...(data !== undefined && { data }),
  });
  if (!answer.ok()) throw new Error(`${method} /v1/${path}: ${answer.status()} ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** Id of the first patient that a search finds. */
export async function patientId(page: Page, search: string): Promise<string> {
  const { data } = await v1<{ data: { id: string }[] }>(page, 'GET', `patients?search=${search}`);
  return data[0]?.id ?? '';
}
