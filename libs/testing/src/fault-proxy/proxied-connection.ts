import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { FaultyPipe } from './faulty-pipe.ts';
import { PASS } from './link-fault.ts';
import type { CutAt, Direction, LinkFault } from './link-fault.ts';

export interface ConnectionOptions {
  readonly target: { readonly host: string; readonly port: number };
  readonly random: () => number;
  /** Hands out the cut that the proxy was asked for, once, to the connection that meets its bytes. */
  readonly takeCut: (bytes: Buffer) => CutAt['when'] | null;
  readonly onClosed: () => void;
}

/** A client, the server, and the faults between them. */
export class ProxiedConnection {
  private readonly server: Socket;
  private readonly pipes: Readonly<Record<Direction, FaultyPipe>>;
  /** Half-open for good. */
  isAbandoned = false;
  private isAnswerDeadly = false;
  private wasCut = false;

  constructor(
    private readonly client: Socket,
    private readonly options: ConnectionOptions,
  ) {
    const { random, target } = options;
    this.server = connect({ ...target, allowHalfOpen: true, noDelay: true });
    const onReset = (): void => {
      this.cut('reset');
    };
    this.pipes = {
      toServer: new FaultyPipe(client, this.server, { random, onReset, inspect: (bytes) => this.isCutAt(bytes) }),
      toClient: new FaultyPipe(this.server, client, { random, onReset, inspect: () => this.isCutAtAnswer() }),
    };
    for (const socket of [client, this.server]) {
      // What matters follows in 'close'.
      socket.on('error', () => undefined);
      socket.on('close', (hadError) => {
        this.onClose(socket, hadError);
      });
    }
  }

  /** Bytes handed on. */
  forwarded(direction: Direction): number {
    return this.pipes[direction].forwarded;
  }

  /** The next fault is looked at by itself. */
  forgetEffect(): void {
    this.wasCut = false;
    for (const pipe of Object.values(this.pipes)) pipe.affected = 0;
  }

  /** Bytes that the present faults swallowed or held back. */
  get affectedBytes(): number {
    return this.pipes.toServer.affected + this.pipes.toClient.affected;
  }

  get isAffected(): boolean {
    return this.wasCut || this.affectedBytes > 0;
  }

  set(fault: LinkFault, directions: readonly Direction[]): void {
    if (this.isAbandoned) return;
    for (const direction of directions) this.pipes[direction].set(fault);
  }

  /** Ends both sides: with a RST, or in order with a FIN. */
  cut(how: 'reset' | 'end'): void {
    this.wasCut = true;
    for (const socket of [this.client, this.server])
      if (how === 'reset') socket.resetAndDestroy();
      else socket.end();
  }

  /** Half-open for good: nothing passes any more and neither side is told, whatever is healed later. */
  abandon(): void {
    this.set({ kind: 'hole' }, ['toServer', 'toClient']);
    this.isAbandoned = true;
  }

  /** Lets everything pass. A connection that lost bytes to a hole cannot go on: it is reset. */
  heal(): void {
    if (this.isAbandoned) return;
    if (this.pipes.toServer.isTorn || this.pipes.toClient.isTorn) this.cut('reset');
    else this.set(PASS, ['toServer', 'toClient']);
  }

  destroy(): void {
    this.client.destroy();
    this.server.destroy();
  }

  /** A side that is gone takes the other one with it, unless a hole swallows the news. */
  private onClose(socket: Socket, hadError: boolean): void {
    const [pipe, other] =
      socket === this.client ? [this.pipes.toServer, this.server] : [this.pipes.toClient, this.client];
    if (pipe.isHole) pipe.isTorn = true;
    else if (hadError) other.resetAndDestroy();
    else if (!pipe.isEnded) other.destroy();
    if (!this.client.destroyed || !this.server.destroyed) return;
    for (const each of Object.values(this.pipes)) each.close();
    this.options.onClosed();
  }

  private isCutAt(bytes: Buffer): boolean {
    const when = this.options.takeCut(bytes);
    if (when === 'before') this.cut('reset');
    if (when === 'after') this.isAnswerDeadly = true;
    return when === 'before';
  }

  /** The answer is here, so the server has done it; nobody will hear of it. */
  private isCutAtAnswer(): boolean {
    if (this.isAnswerDeadly) this.cut('reset');
    return this.isAnswerDeadly;
  }
}
