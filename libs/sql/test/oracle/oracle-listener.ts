import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

const CONNECT = 1;
const REFUSE = 4;

/** How the listener answers whoever wants to connect. */
export type ListenerAnswer = { readonly refuses: number } | 'closes' | 'is silent';

/**
 * What stands in front of an Oracle database: it reads the first packet of the network protocol (TNS) and sends the client
 * away. The database behind it is not there; what comes after the listener cannot be tried with it.
 */
export class OracleListener {
  /** What clients asked for, as their packets have it. */
  readonly asked: string[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly answer: ListenerAnswer,
  ) {}

  static async start(answer: ListenerAnswer): Promise<OracleListener> {
    const server = createServer();
    const listener = new OracleListener(server, answer);
    server.on('connection', (socket) => {
      listener.serve(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return listener;
  }

  get address(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: (this.server.address() as AddressInfo).port };
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    // Clients that go away are what is tried here.
    socket.on('error', () => undefined);
    socket.on('data', (packet) => {
      this.asked.push(packet.toString('latin1'));
      if (this.answer === 'closes') socket.destroy();
      else if (this.answer !== 'is silent' && packet[4] === CONNECT) socket.end(refusal(this.answer.refuses));
    });
  }
}

/** Two bytes of length, two of checksum, the type; then reasons, length and the text that names the error. */
function refusal(code: number): Uint8Array {
  const text = Buffer.from(
    `(DESCRIPTION=(TMP=)(VSNNUM=0)(ERR=${String(code)})(ERROR_STACK=(ERROR=(CODE=${String(code)})(EMFI=4))))`,
  );
  const head = Buffer.alloc(12);
  head.writeUInt16BE(head.length + text.length, 0);
  head[4] = REFUSE;
  head[8] = 34;
  head.writeUInt16BE(text.length, 10);
  return Buffer.concat([head, text]);
}
