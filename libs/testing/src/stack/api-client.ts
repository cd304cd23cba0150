/** The manager answered with a problem document (RFC 9457), or with something that is none. */
export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    request: string,
  ) {
    super(`${request}: ${String(status)} ${code} ${detail}`);
  }
}

/** What `GET /api/v1/pipelines/{id}` says of a pipeline, as far as the tools look at it. */
export interface PipelineView {
  readonly id: string;
  readonly name: string;
  readonly state: string | null;
  readonly epoch: number | null;
  readonly reason: string | null;
  readonly failure: {
    readonly code: string;
    readonly message: string;
    readonly workaround: string;
    readonly statement?: string;
  } | null;
  readonly attempt: number | null;
  readonly nextAttemptAt: string | null;
  readonly select: {
    readonly state: string;
    readonly cause: string | null;
    readonly source: string | null;
    readonly lagMs: number;
  } | null;
  readonly delayMsP50: number | null;
  readonly delayMsP99: number | null;
  readonly rowsPerSecond: number | null;
  readonly rowsLoaded: number | null;
  readonly cursor: unknown;
  readonly mainstem: unknown;
  readonly loader: unknown;
}

/** The manager's REST API under one token. Every call has a time limit; an answer that is no success throws {@link ApiProblem}. */
export class ApiClient {
  constructor(
    /** 'http://127.0.0.1:8080' */
    readonly address: string,
    private readonly token: () => string,
  ) {}

  get<T>(path: string): Promise<T> {
    return this.request<T>('GET', path);
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.request<T>('POST', path, body);
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.request<T>('PATCH', path, body);
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.request<T>('PUT', path, body);
  }

  delete(path: string): Promise<void> {
    return this.request('DELETE', path);
  }

  pipeline(id: string): Promise<PipelineView> {
    return this.get(`/pipelines/${id}`);
  }

  /** Resolves when the command is on its way (202), not when it is done. `force`: START without the pre-check. */
  command(
    pipelineId: string,
    kind: string,
    reason: string,
    options: { readonly force?: boolean } = {},
  ): Promise<{ readonly id: string }> {
    return this.post(`/pipelines/${pipelineId}/commands`, { kind, reason, ...options });
  }

  private async request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.address}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token()}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw problemOf(response.status, text, `${method} ${path}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
}

const REQUEST_LIMIT_MS = 15_000;

function problemOf(status: number, text: string, request: string): ApiProblem {
  try {
    const problem = JSON.parse(text) as { code?: string; detail?: string; title?: string };
    return new ApiProblem(status, problem.code ?? '', problem.detail ?? problem.title ?? '', request);
  } catch {
    return new ApiProblem(status, '', text.slice(0, 500), request);
  }
}
