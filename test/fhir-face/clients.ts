import request from 'supertest';
import type { TestHouse } from '../support/house';

export const base = '/fhir/R4';
export const json = 'application/fhir+json';

/** What one client of the endpoint can do, under its own token. */
export interface Caller {
  get(path: string): request.Test;
  send(method: 'post' | 'put' | 'patch', path: string, body: object, type?: string): request.Test;
  delete(path: string): request.Test;
}

/** Registers a client and signs it in. */
export async function callerWith(test: TestHouse, scope: string, practice?: string): Promise<Caller> {
  const { clientId, clientSecret = '' } = await test.house.identity.clients.create({
    name: `client of ${practice ?? 'everything'}`,
    scope,
    ...(practice !== undefined && { practice }),
  });
  const answer = await request(test.app)
    .post('/oauth2/token')
    .type('form')
    .auth(clientId, clientSecret)
    .send({ grant_type: 'client_credentials', scope });
  const token = (answer.body as { access_token: string }).access_token;
  if (token === undefined) throw new Error(`No token: ${answer.text}`);
  const auth = (asked: request.Test) => asked.set('Authorization', `Bearer ${token}`);
  return {
    get: (path) => auth(request(test.app).get(`${base}/${path}`)),
    send: (method, path, body, type = json) =>
      auth(request(test.app)[method](`${base}/${path}`))
        .set('Content-Type', type)
        .send(JSON.stringify(body)),
    delete: (path) => auth(request(test.app).delete(`${base}/${path}`)),
  };
}
