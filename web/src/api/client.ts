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

/** Kept in memory alone; every page load asks for it anew. */
let csrfToken = '';
let whenSignedOut = (): void => undefined;

export function holdCsrfToken(token: string): void {
  csrfToken = token;
}

/** Called when a face says that the session has ended. */
export function onSignedOut(told: () => void): void {
  whenSignedOut = told;
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
export async function send(
  path: string,
  { method = 'GET', body, headers = {}, signal }: Asked = {},
): Promise<Response> {
  const isForm = body instanceof FormData;
  const response = await fetch(path, {
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
    throw new ApiError(0, 'unreachable', 'The server cannot be reached. Check the connection and try again.');
  });
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (response.status === 401 && !path.startsWith('/portal/session')) whenSignedOut();
  throw problem;
}

/** `?a=1&b=2` of what is given; empty texts and undefined are left out. */
export function queryString(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = Object.entries(values).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}

interface Refusal {
  /** HandoffRx: a text; Dermifi and the dashboard: an object. */
  error?: string | { code?: string; message?: string; details?: { field: string; message: string }[] };
  /** OperationOutcome. */
  issue?: { code?: string; diagnostics?: string; details?: { text?: string }; expression?: string[] }[];
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
  const told = (issue ?? [])
    .map(({ diagnostics, details }) => diagnostics ?? details?.text ?? '')
    .filter((text) => text !== '');
  const message = told.length > 0 ? told.join(' ') : `The server answered ${status}.`;
  return new ApiError(status, issue?.[0]?.code ?? String(status), message, {}, retryAfter);
}
