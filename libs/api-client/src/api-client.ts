import { problemOf } from './api-problem.ts';
import type { CommandRequestDto, PipelineStateDto, Routes } from './generated/routes.ts';

type Method = keyof Routes;
/** Behind the path: parameters of path and query, headers, body. */
type Arguments<M extends Method, P extends keyof Routes[M]> = Routes[M][P] extends {
  args: infer A extends [] | [unknown?];
}
  ? A
  : never;
type Answer<M extends Method, P extends keyof Routes[M]> = Routes[M][P] extends { answer: infer A } ? A : never;
type CommandKind = CommandRequestDto['kind'];

/**
 * The manager's REST API under one token: paths, parameters, bodies and answers are those of its OpenAPI document. Every
 * call has a time limit; an answer that is no success throws ApiProblem.
 */
export class ApiClient {
  constructor(
    /** 'http://127.0.0.1:8080' */
    readonly address: string,
    private readonly token: () => string,
  ) {}

  get<P extends keyof Routes['GET']>(path: P, ...[request]: Arguments<'GET', P>): Promise<Answer<'GET', P>> {
    return this.send('GET', path, request);
  }

  post<P extends keyof Routes['POST']>(path: P, ...[request]: Arguments<'POST', P>): Promise<Answer<'POST', P>> {
    return this.send('POST', path, request);
  }

  put<P extends keyof Routes['PUT']>(path: P, ...[request]: Arguments<'PUT', P>): Promise<Answer<'PUT', P>> {
    return this.send('PUT', path, request);
  }

  patch<P extends keyof Routes['PATCH']>(path: P, ...[request]: Arguments<'PATCH', P>): Promise<Answer<'PATCH', P>> {
    return this.send('PATCH', path, request);
  }

  delete<P extends keyof Routes['DELETE']>(
    path: P,
    ...[request]: Arguments<'DELETE', P>
  ): Promise<Answer<'DELETE', P>> {
    return this.send('DELETE', path, request);
  }

  pipeline(id: string): Promise<PipelineStateDto> {
    return this.get('/pipelines/{id}', { path: { id } });
  }

  /** Resolves when the command is on its way (202), not when it is done. `force`: START without the pre-check. */
  command(
    pipelineId: string,
    kind: CommandKind,
    reason: string,
    options: { readonly force?: boolean } = {},
  ): Promise<{ readonly id: string }> {
    return this.post('/pipelines/{id}/commands', { path: { id: pipelineId }, body: { kind, reason, ...options } });
  }

  /** The types are those of the route, which the callers above know. */
  private async send<T>(method: Method, path: string, parts: unknown): Promise<T> {
    const { path: names = {}, query = {}, headers = {}, body } = (parts ?? {}) as Parts;
    const address = `${filled(path, names)}${queryOf(query)}`;
    const response = await fetch(`${this.address}/api/v1${address}`, {
      method,
      headers: { authorization: `Bearer ${this.token()}`, 'content-type': typeOf(body), ...headers },
      signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw problemOf(response.status, text, `${method} ${address}`);
    return contentOf(text, response.headers.get('content-type') ?? '') as T;
  }
}

const REQUEST_LIMIT_MS = 15_000;

interface Parts {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

function filled(path: string, names: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => encodeURIComponent(names[name] ?? ''));
}

/** What is undefined is left out; a list goes comma-separated. */
function queryOf(query: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return '';
  return `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString()}`;
}

/** A channel's document is a text, whatever stands in it; no answer at all is undefined. */
function contentOf(text: string, type: string): unknown {
  if (!/^application\/(\w+\+)?json\b/i.test(type)) return text === '' ? undefined : text;
  return text === '' ? undefined : JSON.parse(text);
}

/** A text is a document in YAML; everything else is JSON. */
const typeOf = (body: unknown): string => (typeof body === 'string' ? 'application/yaml' : 'application/json');
