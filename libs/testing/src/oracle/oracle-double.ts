import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { OracleError } from './oracle-answer.ts';
import { endMessage } from './oracle-answer.ts';
import { OracleSession } from './oracle-session.ts';
import type { OracleEngine, OracleIdentity } from './oracle-session.ts';
import { acceptance, MARKER_RESET, PACKET, refusal, TnsConnection } from './tns-connection.ts';

/** Where something may go wrong: at the listener, at one half of the login, at any statement. */
export type OracleStep = 'connect' | 'login' | 'statement';

/** refuses: what the listener says, 'ORA-12528' is 12528. cuts: half of the answer, then the end. */
export type OracleFault = 'hangs' | 'cuts' | 'hangs up' | { readonly refuses: number };

export interface OracleDoubleOptions extends Partial<OracleIdentity> {
  readonly engine?: OracleEngine;
}

const CANCELLED: OracleError = { code: 1013, message: 'user requested cancel of current operation' };
const UNKNOWN_SERVICE = 12_514;
const CONNECT_TEXT_AT = 74;
const CONNECT_LENGTH_AT = 24;

/**
 * What an Oracle database and its listener say over the network, for the real driver in thin mode: connecting, logging in,
 * statements with text values, rows of text, numbers, dates and bytes. What is answered comes from `engine`; there is no
 * database behind it. Shaped after the message classes of node-oracledb 7.0.1 (lib/thin, UPL 1.0 or Apache 2.0), in the
 * form that a 12.1 server speaks.
 */
export class OracleDouble {
  /** Stays known after `close`. */
  readonly address = { host: '127.0.0.1', port: 0 };
  /** Statements in the order of their arrival. */
  readonly statements: string[] = [];
  /** What clients asked the listener for. */
  readonly asked: string[] = [];
  /** What the double was told that it does not speak; a test that fails looks here first. */
  readonly misunderstood: string[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly faults = new Map<OracleStep, OracleFault>();
  private readonly waiting: (() => void)[] = [];

  private constructor(
    private readonly server: Server,
    private readonly identity: OracleIdentity,
    private readonly engine: OracleEngine,
  ) {}

  static async start({
    engine = () => ({ error: { code: 942, message: 'table or view does not exist' } }),
    users = {},
    service = 'FREEPDB1',
    version = '19.3.0.0.0',
  }: OracleDoubleOptions = {}): Promise<OracleDouble> {
    const server = createServer();
    const double = new OracleDouble(server, { users, service, version }, engine);
    server.on('connection', (socket) => {
      double.serve(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    double.address.port = (server.address() as AddressInfo).port;
    return double;
  }

  /** What goes wrong from now on; null = nothing at this step. */
  breakAt(step: OracleStep, fault: OracleFault | null): void {
    if (fault === null) this.faults.delete(step);
    else this.faults.set(step, fault);
  }

  /** Resolves when a client waits for an answer that does not come. */
  hanging(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.setNoDelay(true);
    // Clients that go away are a part of what is tried.
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
    const client = new Client(socket, new OracleSession(this.identity, this.answerOf));
    let done = Promise.resolve();
    socket.on('data', (piece: Buffer) => {
      for (const packet of client.connection.take(piece))
        done = done
          .then(() => this.handle(client, packet))
          .catch((error: unknown) => {
            this.misunderstood.push(String(error));
            socket.destroy();
          });
    });
  }

  private readonly answerOf: OracleEngine = (statement) => {
    this.statements.push(statement.sql);
    return this.engine(statement);
  };

  private async handle(client: Client, packet: Buffer): Promise<void> {
    const { connection, session } = client;
    const kind = packet[4];
    if (kind === PACKET.connect || (kind === PACKET.data && !connection.isAccepted)) {
      if (client.readConnect(packet)) this.connect(client);
    } else if (kind === PACKET.marker) client.reset(packet);
    else if (kind === PACKET.data) {
      const message = connection.messageOf(packet);
      if (message === null || this.isBroken(client, OracleSession.stepOf(message))) return;
      connection.sendMessage(await session.answer(message));
    }
  }

  private connect(client: Client): void {
    const { connection, connectText } = client;
    this.asked.push(connectText);
    if (this.isBroken(client, 'connect')) return;
    const service = /\((?:SERVICE_NAME|SID)=([^)]*)\)/i.exec(connectText)?.[1];
    if (service?.toUpperCase() !== this.identity.service.toUpperCase()) {
      client.refuse(UNKNOWN_SERVICE);
      return;
    }
    connection.send(PACKET.accept, acceptance());
    connection.isAccepted = true;
  }

  /** Whether nothing is to be answered. */
  private isBroken({ connection, socket, refuse }: Client, step: OracleStep | null): boolean {
    const fault = step === null ? undefined : this.faults.get(step);
    if (fault === undefined) return false;
    if (fault === 'cuts') {
      connection.cutsNext = true;
      return false;
    }
    if (fault === 'hangs up') socket.destroy();
    else if (fault === 'hangs') for (const resolve of this.waiting.splice(0)) resolve();
    else refuse(fault.refuses);
    return true;
  }
}

class Client {
  readonly connection: TnsConnection;
  connectText = '';
  private connectLength = 0;
  private isCancelled = false;

  constructor(
    readonly socket: Socket,
    readonly session: OracleSession,
  ) {
    this.connection = new TnsConnection(socket);
  }

  /** A long text comes in a packet of its own; true = it is whole. */
  readConnect(packet: Buffer): boolean {
    if (packet[4] === PACKET.connect) {
      this.connectLength = packet.readUInt16BE(CONNECT_LENGTH_AT);
      this.connectText = packet.subarray(CONNECT_TEXT_AT).toString('latin1');
    } else this.connectText = packet.subarray(10).toString('latin1');
    return this.connectText.length >= this.connectLength;
  }

  readonly refuse = (code: number): void => {
    this.connection.send(PACKET.refuse, refusal(code));
    this.socket.end();
  };

  /** A break is confirmed, a reset ends it with ORA-01013. */
  reset(packet: Buffer): void {
    if (packet[10] !== MARKER_RESET) {
      this.isCancelled = true;
      this.connection.send(PACKET.marker, Buffer.from([1, 0, 1]));
      return;
    }
    this.connection.send(PACKET.marker, Buffer.from([1, 0, MARKER_RESET]));
    this.connection.forget();
    if (this.isCancelled) this.connection.sendMessage(endMessage({ error: CANCELLED }));
    this.isCancelled = false;
  }
}
