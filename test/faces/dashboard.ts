import request, { type Response } from 'supertest';
import type { TestHouse } from '../support/house';

/** A user who is signed in at the dashboard. */
export interface Visitor {
  get(path: string): Promise<Response>;
  /** With the session's CSRF token. */
  post(path: string, body?: object): Promise<Response>;
  /** With other headers instead of the CSRF token. */
  postWith(headers: Record<string, string>, path: string, body?: object): Promise<Response>;
  csrf: string;
  email: string;
  password: string;
}

let made = 0;

/** Makes a user and signs it in. @param practice its id or name */
export async function visitor({ app, house }: TestHouse, role: string, practice?: string): Promise<Visitor> {
  const named = practice === undefined ? {} : { practice };
  const email = `${role}${++made}@dashboard.example`;
  const { password } = await house.identity.users.create({ email, name: `The ${role}`, role, ...named });
  const answer = await request(app).post('/portal/session').send({ email, password }).expect(200);
  const [cookie = ''] = String(answer.headers['set-cookie']).split(';');
  const { csrfToken: csrf } = answer.body as { csrfToken: string };
  const postWith: Visitor['postWith'] = (headers, path, body = {}) =>
    request(app)
      .post(`/portal${path}`)
      .set({ Cookie: cookie, ...headers })
      .send(body);
  return {
    ...{ csrf, email, password },
    get: (path) => request(app).get(`/portal${path}`).set('Cookie', cookie),
    post: (path, body) => postWith({ 'X-CSRF-Token': csrf }, path, body),
    postWith,
  };
}

/** Status of a refusal and the fields that it names. */
export function refusal({ status, body }: Response): { status: number; fields: string[] } {
  const { details } = (body as { error: { details: { field: string }[] } }).error;
  return { status, fields: details.map(({ field }) => field).sort() };
}
