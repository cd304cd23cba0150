import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { SecureContextOptions } from 'node:tls';
import type { Logger } from 'pino';
import { must } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Health, HealthAnswer } from './health.ts';
import type { Telemetry } from './telemetry.ts';
import { setSecurityHeaders } from './security-headers.ts';
import { followTlsFiles, readTlsFiles } from './tls-files.ts';
import type { TlsFiles } from './tls-files.ts';

/** Slow clients must not hold the shutdown up: what is still open after this is cut. */
const CLOSE_MS_MAX = 1_000;
/** A client that takes longer for its headers, or for all of its request, only holds a socket. */
const LIMITS: HttpLimits = { headersMs: 15_000, requestMs: 60_000 };
/** How often sockets are looked at, as a part of the shorter limit. */
const LOOKS_PER_LIMIT = 3;

export interface HttpLimits {
  readonly headersMs: number;
  readonly requestMs: number;
}

export interface HttpFront {
  readonly port: number;
  /** Hands all other paths to the NestJS application from now on; before, they are answered 503. */
  forwardTo(listener: RequestListener): void;
  close(): Promise<void>;
}

interface FrontParts {
  readonly health: Health;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly log: Logger;
  /** null = without TLS. */
  readonly tls: TlsFiles | null;
  readonly limits?: HttpLimits;
}

/**
 * The one HTTP server of a service. It listens from the first moment, before NATS and ZooKeeper are reached, and answers
 * /health/live, /health/ready and /metrics itself, so that neither a dependency that is down nor a guard or prefix of the
 * service's NestJS module stands between an orchestrator and the truth.
 */
export async function openHttpFront(
  address: { readonly host: string; readonly port: number },
  parts: FrontParts,
): Promise<HttpFront> {
  let forward: RequestListener = (request, response) => {
    setSecurityHeaders(request, response);
    sendHealth(response, parts.health.ready());
  };
  const { server, unfollow } = createFront(parts, (request, response) => {
    if (!answerOwnPath(request, response, parts)) forward(request, response);
  });
  await listen(server, address);
  return {
    port: must(server.address() as AddressInfo | null, 'a listening server has an address').port,
    forwardTo: (listener) => {
      forward = listener;
    },
    close: () => {
      unfollow();
      return close(server);
    },
  };
}

/** With TLS the certificate follows its files; with an authority of clients, who has no certificate of it does not get in. */
function createFront(
  { tls, log, clock, limits = LIMITS }: Pick<FrontParts, 'tls' | 'log' | 'clock' | 'limits'>,
  listener: RequestListener,
): { readonly server: Server; readonly unfollow: () => void } {
  const { headersMs: headersTimeout, requestMs: requestTimeout } = limits;
  const connectionsCheckingInterval = Math.ceil(headersTimeout / LOOKS_PER_LIMIT);
  const options = { headersTimeout, requestTimeout, connectionsCheckingInterval };
  if (tls === null) return { server: createServer(options, listener), unfollow: () => undefined };
  const asksClients = tls.clientAuthorityFile !== null;
  const held = readTlsFiles(tls);
  const server = createTlsServer(
    { ...options, ...held, requestCert: asksClients, rejectUnauthorized: asksClients },
    listener,
  );
  const apply = (context: SecureContextOptions): void => {
    server.setSecureContext(context);
  };
  const closing = new AbortController();
  void followTlsFiles({ files: tls, held, apply }, { clock, log }, closing.signal);
  return {
    server,
    unfollow: () => {
      closing.abort();
    },
  };
}

function answerOwnPath(
  request: IncomingMessage,
  response: ServerResponse,
  { health, telemetry }: { readonly health: Health; readonly telemetry: Telemetry },
): boolean {
  switch (request.url?.split('?')[0]) {
    case '/health/live':
      setSecurityHeaders(request, response);
      sendHealth(response, health.live());
      return true;
    case '/health/ready':
      setSecurityHeaders(request, response);
      sendHealth(response, health.ready());
      return true;
    case '/metrics':
      setSecurityHeaders(request, response);
      telemetry.serveMetrics(request, response);
      return true;
    default:
      return false;
  }
}

function sendHealth(response: ServerResponse, { isWell, reasons }: HealthAnswer): void {
  response.writeHead(isWell ? 200 : 503, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ status: isWell ? 'ok' : 'unavailable', reasons }));
}

function listen(server: Server, { host, port }: { readonly host: string; readonly port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = AbortSignal.timeout(CLOSE_MS_MAX);
    cut.addEventListener('abort', () => {
      server.closeAllConnections();
    });
    server.close(() => {
      resolve();
    });
    server.closeIdleConnections();
  });
}
