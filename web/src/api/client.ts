/** What a face refused, whichever shape its answer had. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    /** The face's own code, e.g. `MFA_REQUIRED`. */
    readonly code: string,
    message: string,
    /** Faults by field of the form. */
    readonly fields: Readonly<Record<string, string>> = {},
    /** Seconds after which to try again. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

interface Asked {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Becomes JSON; a FormData goes out as it is. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

const UNREACHABLE = 'The server cannot be reached. Check the connection and try again.';

/** Kept in memory alone; every page load asks for it anew. */
let csrfToken = '';
let whenSignedOut = (): void => undefined;
let whenRefused = (): Promise<boolean> => Promise.resolve(false);

export function holdCsrfToken(token: string): void {
  csrfToken = token;
}

/** Called when a face says that the session has ended. */
export function onSignedOut(told: () => void): void {
  whenSignedOut = told;
}

/** Called when a face refuses a change, which asks who is signed in now: resolves to whether it is the same user. */
export function onRefused(asked: () => Promise<boolean>): void {
  whenRefused = asked;
}

/**
 * Asks a face of this server as the signed-in user: `/portal`, `/api/v1`, `/v1`, `/fhir/R4` or `/audit`.
 * @returns the JSON of the answer; undefined when it has none. @throws ApiError
 */
export async function request<T>(path: string, asked: Asked = {}): Promise<T> {
  const response = await send(path, asked);
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** The same, for answers that are no JSON (downloads) or whose headers count. @throws ApiError */
export async function send(path: string, asked: Asked = {}): Promise<Response> {
  const { method = 'GET' } = asked;
  const response = await ask(path, asked);
  if (response.ok) return response;
  if (method !== 'GET' && (await isOfFormerSession(response))) return send(path, asked);
  const problem = await problemOf(response);
  if (response.status === 401 && !path.startsWith('/portal/session')) whenSignedOut();
  throw problem;
}

/** Whether a change was refused for the token of a session in whose place the same user has begun another one. */
async function isOfFormerSession({ status }: Response): Promise<boolean> {
  if (status !== 403) return false;
  const sent = csrfToken;
  const isSameUser = await whenRefused().catch(() => false);
  return isSameUser && csrfToken !== sent;
}

async function ask(path: string, { method = 'GET', body, headers = {}, signal }: Asked): Promise<Response> {
  const isForm = body instanceof FormData;
  return fetch(path, {
    method,
    credentials: 'same-origin',
    signal: signal ?? null,
    headers: {
      Accept: path.startsWith('/fhir/') ? 'application/fhir+json' : 'application/json',
      ...(method !== 'GET' && { 'X-CSRF-Token': csrfToken }),
      ...(body !== undefined && !isForm && { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
  }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'unreachable', UNREACHABLE);
  });
}

/**
 * Sends a form with a file, telling how much of it has left (0 to 1): `fetch` cannot tell.
 * @returns the JSON of the answer. @throws ApiError
 */
export async function upload<T>(
  path: string,
  form: FormData,
  onProgress: (share: number) => void,
): Promise<T> {
  const response = await new Promise<Response>((resolve, reject) => {
    const asked = new XMLHttpRequest();
    asked.open('POST', path);
    asked.setRequestHeader('Accept', 'application/json');
    asked.setRequestHeader('X-CSRF-Token', csrfToken);
    asked.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 0 : loaded / total);
    asked.onload = () => resolve(new Response(asked.responseText, { status: asked.status }));
    asked.onerror = () => reject(new ApiError(0, 'unreachable', UNREACHABLE));
    asked.send(form);
  });
  if (response.ok) return (await response.json()) as T;
  if (await isOfFormerSession(response)) return upload(path, form, onProgress);
  if (response.status === 401) whenSignedOut();
  throw await problemOf(response);
}

/** `?a=1&b=2` of what is given; empty texts and undefined are left out. */
export function queryString(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = Object.entries(values).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}

/** One issue of an OperationOutcome. */
interface Issue {
  code?: string;
  diagnostics?: string;
  details?: { text?: string };
  /** `http.<parameter>` for a fault of the query. */
  location?: string[];
  expression?: string[];
}

interface Refusal {
  /** HandoffRx: a text; Dermifi and the dashboard: an object. */
  error?: string | { code?: string; message?: string; details?: { field: string; message: string }[] };
  /** OperationOutcome. */
  issue?: Issue[];
}

async function problemOf(response: Response): Promise<ApiError> {
  const { status } = response;
  const wait = Number(response.headers.get('Retry-After') ?? NaN);
  const retryAfter = Number.isFinite(wait) ? wait : undefined;
  const refusal = await response.json().then(
    (body: Refusal | null) => body ?? {},
    () => ({}) as Refusal,
  );
  const { error, issue } = refusal;
  if (typeof error === 'string') return new ApiError(status, String(status), error, {}, retryAfter);
  if (error !== undefined) {
    const fields = Object.fromEntries((error.details ?? []).map(({ field, message }) => [field, message]));
    return new ApiError(status, error.code ?? String(status), error.message ?? '', fields, retryAfter);
  }
  return outcomeProblem(status, issue ?? [], retryAfter);
}

/** Faults by the place that each issue names, e.g. `http.birthdate`. */
function outcomeProblem(status: number, issues: readonly Issue[], retryAfter: number | undefined): ApiError {
  const told = issues.flatMap(({ diagnostics, details, location, expression }) => {
    const text = diagnostics ?? details?.text ?? '';
    return text === '' ? [] : [{ text, place: location?.[0] ?? expression?.[0] }];
  });
  const fields = Object.fromEntries(
    told.flatMap(({ text, place }) => (place === undefined ? [] : [[place, text]])),
  );
  const message = told.length > 0 ? told.map(({ text }) => text).join(' ') : `The server answered ${status}.`;
  return new ApiError(status, issues[0]?.code ?? String(status), message, fields, retryAfter);
}
