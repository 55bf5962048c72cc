import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import jwt, { type Algorithm, type SignOptions } from 'jsonwebtoken';
import type { Identity, TokenAnswer } from '../../src/identity';
import { type Deployment, deployment, problemOf, PUBLIC_URL } from './support';

let house: Deployment;
let one: Identity;
let two: Identity;
/** What the clients' key set URLs answer, and how often they were asked. */
const published = { sets: new Map<string, object>(), fetches: 0 };

function fetchJson(url: string): Promise<unknown> {
  published.fetches += 1;
  const set = published.sets.get(url);
  return set === undefined ? Promise.reject(new Error('refused')) : Promise.resolve(set);
}

beforeAll(async () => {
  house = await deployment();
  [one, two] = await Promise.all([house.start({ fetchJson }), house.start({ fetchJson })]);
  await one.practices.create('Sonora Behavioral Health');
});
afterAll(() => house.close());

const SCOPE = 'system/Patient.rs system/Task.cru';

function post(identity: Identity, fields: Record<string, string>, headers: { authorization?: string } = {}) {
  return identity.oauth.token({
    body: new URLSearchParams({ grant_type: 'client_credentials', ...fields }).toString(),
    contentType: 'application/x-www-form-urlencoded; charset=utf-8',
    authorization: headers.authorization,
  });
}

function basic(id: string, secret: string): { authorization: string } {
  const text = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
  return { authorization: `Basic ${Buffer.from(text).toString('base64')}` };
}

function tokenOf(answer: TokenAnswer): string {
  return String(answer.body['access_token']);
}

describe('client secrets', () => {
  it('give a short token by Basic and by post, good in every process', async () => {
    const made = await one.clients.create({
      name: 'EHR',
      scope: SCOPE,
      practice: 'sonora behavioral health',
    });
    const { clientId, clientSecret = '' } = made;
    const answers = [
      await post(one, {}, basic(clientId, clientSecret)),
      await post(two, { client_id: clientId, client_secret: clientSecret }),
    ];
    for (const answer of answers) {
      expect(answer).toMatchObject({
        status: 200,
        headers: { 'Cache-Control': 'no-store' },
        body: { token_type: 'Bearer', expires_in: 300, scope: SCOPE },
        client: { id: clientId, name: 'EHR' },
      });
      const practice = (await one.practices.get('Sonora Behavioral Health')).id;
      expect(await two.authenticate(tokenOf(answer))).toMatchObject({
        kind: 'client',
        id: clientId,
        practice,
        scopes: SCOPE.split(' '),
      });
    }
    house.pass(300_000);
    expect(await problemOf(two.authenticateClient(tokenOf(answers[0] as TokenAnswer)))).toMatchObject({
      status: 401,
    });
  });

  it('refuses wrong proofs alike, and requests that are none', async () => {
    const { clientId, clientSecret = '' } = await one.clients.create({ name: 'EHR', scope: SCOPE });
    const wrong = await post(one, {}, basic(clientId, 'wrong'));
    expect(wrong).toMatchObject({
      status: 401,
      headers: { 'WWW-Authenticate': 'Basic realm="crosswalk"' },
      body: { error: 'invalid_client' },
      claimed: clientId,
    });
    expect((await post(one, {}, basic('client_unknown', 'wrong'))).body).toEqual(wrong.body);
    expect((await post(one, { client_id: clientId })).body['error']).toBe('invalid_client');
    const both = await post(
      one,
      { client_secret: clientSecret, client_id: clientId },
      basic(clientId, clientSecret),
    );
    expect(both.body['error']).toBe('invalid_request');
    const grant = { grant_type: 'authorization_code' };
    expect((await post(one, grant, basic(clientId, clientSecret))).body['error']).toBe(
      'unsupported_grant_type',
    );
    const json = await one.oauth.token({
      body: '{}',
      contentType: 'application/json',
      authorization: undefined,
    });
    expect(json).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
    const twice = 'grant_type=client_credentials&scope=a&scope=b';
    const contentType = 'application/x-www-form-urlencoded';
    expect((await one.oauth.token({ body: twice, contentType, authorization: undefined })).status).toBe(400);
  });

  it('end with the client', async () => {
    const { clientId, clientSecret = '' } = await one.clients.create({ name: 'EHR', scope: SCOPE });
    const token = tokenOf(await post(one, {}, basic(clientId, clientSecret)));
    await two.authenticateClient(token);
    await one.clients.disable(clientId);
    expect((await post(two, {}, basic(clientId, clientSecret))).status).toBe(401);
    house.pass(5_000);
    expect(await problemOf(two.authenticateClient(token))).toMatchObject({ status: 401 });
  });
});

describe('scopes', () => {
  const ask = async (allowed: string, scope?: string): Promise<unknown> => {
    const { clientId, clientSecret = '' } = await one.clients.create({ name: 'EHR', scope: allowed });
    const answer = await post(one, scope === undefined ? {} : { scope }, basic(clientId, clientSecret));
    return answer.body['scope'] ?? answer.body['error'];
  };

  it.each([
    ['system/Patient.rs', undefined, 'system/Patient.rs'],
    ['system/*.*', 'system/Patient.read', 'system/Patient.rs'],
    ['system/*.*', 'system/*.cruds', 'system/*.cruds'],
    ['system/Patient.rs', 'system/Patient.cruds', 'system/Patient.rs'],
    ['system/Patient.rs system/Task.c', 'system/*.*', 'system/Patient.rs system/Task.c'],
    ['system/Patient.rs', 'system/Patient.r system/Task.r openid', 'system/Patient.r'],
    ['system/Patient.rs?gender=male', 'system/Patient.r', 'system/Patient.r?gender=male'],
    ['system/Patient.rs?gender=male', 'system/Patient.r?name=a', 'system/Patient.r?gender=male&name=a'],
    ['system/*.rs system/Task.cud', 'system/Task.cruds', 'system/Task.rs system/Task.cud'],
    ['system/Patient.rs', 'system/Task.r', 'invalid_scope'],
    ['system/*.*', 'patient/Patient.r', 'invalid_scope'],
    ['system/*.*', 'user/Patient.r system/Patient.r', 'invalid_scope'],
    ['system/*.*', 'system/Patient.sr', 'invalid_scope'],
    ['system/*.*', 'system/Nothing.r', 'invalid_scope'],
    ['system/*.*', 'system/Patient.r?unknown=1', 'invalid_scope'],
    ['system/*.*', 'openid', 'invalid_scope'],
  ])('of a client with %s that asks for %s are %s', async (allowed, requested, granted) => {
    expect(await ask(allowed, requested)).toBe(granted);
  });

  it('that no client can have are refused when it is made', async () => {
    for (const scope of [
      '',
      'patient/Patient.r',
      'system/Patient',
      'system/Patient.',
      'system/Patient.r?unknown=1',
    ]) {
      expect(await problemOf(one.clients.create({ name: 'EHR', scope }))).toMatchObject({ status: 422 });
    }
  });

  it('say what may be done with which rows of a type', async () => {
    const scope = 'system/Patient.rs?gender=male system/Patient.cu system/Task.c system/Observation.read';
    const { clientId, clientSecret = '' } = await one.clients.create({ name: 'EHR', scope });
    const principal = await one.authenticateClient(
      tokenOf(await post(one, {}, basic(clientId, clientSecret))),
    );
    const { allows, rowsFor } = one.access;
    const letters = ['c', 'r', 'u', 'd', 's'] as const;
    const table = (['Patient', 'Task', 'Observation', 'Encounter'] as const).map((type) =>
      letters.filter((letter) => allows(principal, type, letter)).join(''),
    );
    expect(table).toEqual(['crus', 'c', 'rs', '']);
    expect(rowsFor(principal, 'Patient', 'c')).toBe(true);
    expect(rowsFor(principal, 'Patient', 'r')).toEqual([expect.objectContaining({ type: 'Patient' })]);
    const rows = ['Patient', 'Task', 'Observation', 'Encounter'] as const;
    expect(rows.map((type) => principal.viewer.rows?.(type))).toEqual([
      expect.any(Array),
      false,
      true,
      false,
    ]);
  });

  it('of everything leave the viewer unlimited, in its practice', async () => {
    const request = { name: 'EHR', scope: 'system/*.*', practice: 'Sonora Behavioral Health' };
    const { clientId, clientSecret = '' } = await one.clients.create(request);
    const principal = await one.authenticateClient(
      tokenOf(await post(one, {}, basic(clientId, clientSecret))),
    );
    expect(principal.viewer).toEqual({ practice: principal.practice });
    expect(one.access.allows(principal, 'Patient', 'd')).toBe(true);
  });
});

describe('signed assertions', () => {
  const pairs = {
    RS384: generateKeyPairSync('rsa', { modulusLength: 2048 }),
    ES384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  };
  const jwkOf = (key: KeyObject, kid: string): object => ({ ...key.export({ format: 'jwk' }), kid });
  const jwks = {
    keys: [jwkOf(pairs.RS384.publicKey, 'RS384'), jwkOf(pairs.ES384.publicKey, 'ES384')],
  };
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

  interface Change {
    algorithm?: 'RS384' | 'ES384';
    claims?: Record<string, unknown>;
    options?: SignOptions;
    key?: KeyObject;
  }

  function assertion(
    clientId: string,
    { algorithm = 'ES384', claims = {}, options = {}, key }: Change = {},
  ): string {
    const iat = Math.floor(house.now().getTime() / 1000);
    const body = {
      iss: clientId,
      sub: clientId,
      aud: `${PUBLIC_URL}/oauth2/token`,
      jti: randomUUID(),
      iat,
      exp: iat + 300,
    };
    // What is undefined is left out.
    const payload = JSON.parse(JSON.stringify({ ...body, ...claims })) as object;
    return jwt.sign(payload, key ?? pairs[algorithm].privateKey, {
      algorithm,
      keyid: algorithm,
      ...options,
    });
  }

  const send = (identity: Identity, client_assertion: string) =>
    post(identity, { client_assertion_type: type, client_assertion });

  it.each(['RS384', 'ES384'] as const)('by %s prove a client with inline keys, once', async (algorithm) => {
    const { clientId, clientSecret } = await one.clients.create({ name: 'EHR', scope: SCOPE, jwks });
    expect(clientSecret).toBeUndefined();
    const proof = assertion(clientId, { algorithm });
    const answers = await Promise.all([one, two, one, two].map((each) => send(each, proof)));
    expect(answers.filter((each) => each.status === 200)).toHaveLength(1);
    expect(answers.filter((each) => each.body['error'] === 'invalid_client')).toHaveLength(3);
  });

  it('that are stale, unbounded, meant for others or made by others are refused', async () => {
    const { clientId } = await one.clients.create({ name: 'EHR', scope: SCOPE, jwks });
    const now = Math.floor(house.now().getTime() / 1000);
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
    const unsigned = assertion(clientId).split('.').slice(0, 2);
    const publicText = pairs.RS384.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const confused = jwt.sign(jwt.decode(assertion(clientId)) as object, publicText, {
      algorithm: 'HS256' as Algorithm,
      keyid: 'RS384',
    });
    const refused = [
      assertion(clientId, { claims: { exp: now - 60 } }),
      assertion(clientId, { claims: { exp: now + 3600 } }),
      assertion(clientId, { claims: { iat: now - 400 } }),
      assertion(clientId, { claims: { exp: undefined } }),
      assertion(clientId, { claims: { jti: undefined } }),
      assertion(clientId, { claims: { aud: 'https://elsewhere.example/token' } }),
      assertion(clientId, { claims: { iss: 'client_other' } }),
      assertion(clientId, { key: stranger }),
      assertion(clientId, { options: { keyid: 'unknown' } }),
      [Buffer.from('{"alg":"none","kid":"ES384"}').toString('base64url'), unsigned[1], ''].join('.'),
      confused,
      'no token',
    ];
    for (const each of refused) {
      expect(await send(one, each)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    }
    expect((await send(one, assertion(clientId))).status).toBe(200);
  });

  it('are checked with keys from a URL, fetched again for an unknown kid, at a bounded rate', async () => {
    const jwksUrl = 'https://ehr.example/jwks.json';
    published.sets.set(jwksUrl, { keys: jwks.keys.slice(0, 1) });
    const { clientId } = await one.clients.create({ name: 'EHR', scope: SCOPE, jwksUrl });
    published.fetches = 0;
    for (let i = 0; i < 3; i += 1) {
      expect((await send(one, assertion(clientId, { algorithm: 'RS384' }))).status).toBe(200);
    }
    expect(published.fetches).toBe(1);
    published.sets.set(jwksUrl, jwks);
    expect((await send(one, assertion(clientId, { algorithm: 'ES384' }))).status).toBe(200);
    expect(published.fetches).toBe(2);
    for (let i = 0; i < 20; i += 1) await send(one, assertion(clientId, { options: { keyid: `kid-${i}` } }));
    expect(published.fetches).toBe(4);
    expect((await send(one, assertion(clientId))).status).toBe(200);
  });

  it('need public keys', async () => {
    const make = (keys: unknown) =>
      problemOf(one.clients.create({ name: 'EHR', scope: SCOPE, jwks: { keys } }));
    expect(await make([])).toMatchObject({ status: 422 });
    expect(await make([pairs.ES384.privateKey.export({ format: 'jwk' })])).toMatchObject({ status: 422 });
    expect(await make([{ kty: 'oct', k: 'c2VjcmV0' }])).toMatchObject({ status: 422 });
    expect(
      await problemOf(one.clients.create({ name: 'EHR', scope: SCOPE, jwksUrl: 'file:///etc/passwd' })),
    ).toMatchObject({ status: 422 });
  });
});

it('announces what the token endpoint does', async () => {
  expect(one.oauth.smartConfiguration()).toMatchObject({
    token_endpoint: `${PUBLIC_URL}/oauth2/token`,
    jwks_uri: `${PUBLIC_URL}/.well-known/jwks.json`,
    grant_types_supported: ['client_credentials'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    capabilities: expect.arrayContaining([
      'client-confidential-asymmetric',
      'permission-v1',
      'permission-v2',
    ]),
  });
});
