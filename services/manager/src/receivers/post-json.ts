import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { SyncError } from '@lutra/model';

export interface JsonRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly tlsCa: string | null;
}

/** No receiver has more to say; what follows is not read. */
const ANSWER_BYTES_MAX = 65_536;

/**
 * Posts JSON and reads the answer, at most 64 KiB of it. No redirect is followed: an address that was checked must not be
 * swapped for another one. Throws RECEIVER_UNREACHABLE (also when `signal` aborts) and RECEIVER_REFUSED (any status but 2xx).
 * No message holds more of the address than host and port: the rest may be a secret.
 */
export function postJson(request: JsonRequest, signal: AbortSignal): Promise<string> {
  const url = new URL(request.url);
  const body = Buffer.from(request.body, 'utf8');
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    ...request.headers,
    'content-length': body.length,
  };
  const tls = request.tlsCa === null ? {} : { ca: request.tlsCa };
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      const why = signal.aborted ? 'no answer in time' : wordOf(cause);
      const problem = `The receiver at ${url.host} cannot be reached: ${why}`;
      reject(new SyncError('RECEIVER_UNREACHABLE', { problem, address: url.host }, { cause }));
    };
    const send = url.protocol === 'https:' ? requestHttps : requestHttp;
    // An agent of its own per request: a connection that is kept may be dead, and posting is seldom.
    const sent = send(url, { method: 'POST', headers, signal, agent: false, ...tls }, (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      const finish = (): void => {
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve(Buffer.concat(parts).toString('utf8'));
        else reject(refusal(url.host, status));
      };
      response.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes <= ANSWER_BYTES_MAX) {
          parts.push(part);
          return;
        }
        finish();
        sent.destroy();
      });
      response.on('end', finish);
      response.on('error', fail);
    });
    sent.on('error', fail);
    sent.end(body);
  });
}

function refusal(address: string, status: number): SyncError {
  const isRedirect = status >= 300 && status < 400;
  const problem = isRedirect
    ? `The receiver at ${address} redirects (${String(status)}), which is not followed: give the address that it redirects to`
    : `The receiver at ${address} answers ${String(status)}`;
  return new SyncError('RECEIVER_REFUSED', { problem, address, status });
}

/** The code says enough; messages of TLS may repeat names of the address only. */
const wordOf = (error: Error): string =>
  'code' in error && typeof error.code === 'string' ? error.code : error.message.slice(0, 200);
