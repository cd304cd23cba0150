import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Posted {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

/** How the sink answers; 'silence' = never, 'cut' = it takes the request and closes the connection without an answer. */
export type SinkAnswer =
  { readonly status: number; readonly text?: string; readonly headers?: Record<string, string> } | 'silence' | 'cut';

/** A real HTTP server that keeps what was posted to it. */
export class HttpSink {
  readonly posted: Posted[] = [];
  answer: SinkAnswer = { status: 200, text: 'ok' };

  private constructor(private readonly server: Server) {}

  static async start(): Promise<HttpSink> {
    const server = createServer();
    const sink = new HttpSink(server);
    server.on('request', (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const text = Buffer.concat(parts).toString('utf8');
        const body = JSON.parse(text) as Record<string, unknown>;
        sink.posted.push({ path: request.url ?? '', headers: request.headers, text, body });
        const { answer } = sink;
        if (answer === 'silence') return;
        if (answer === 'cut') request.socket.destroy();
        else response.writeHead(answer.status, answer.headers).end(answer.text ?? '');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return sink;
  }

  get origin(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
