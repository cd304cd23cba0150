import { EventEmitter } from 'node:events';
import type { Connection } from 'mysql2';

/** Of the extended capabilities that MariaDB tells in its greeting (KB, "Connection", capabilities from bit 32 on). */
const BULK_OPERATIONS = 4;

/** A packet of the server, as the driver hands it to a command. */
interface AnswerPacket {
  isError(): boolean;
  asError(encoding: string): Error;
  readInt8(): number;
  readLengthCodedNumber(): number;
}

/** What the driver's connection has for its own commands; its types leave it out. */
interface CommandLink {
  readonly clientEncoding: string;
  /** Null before the greeting. */
  readonly _handshakePacket: { readonly mariadbExtendedCapabilityFlags?: number } | null;
  /** The driver answers the extended capabilities. */
  readonly _mariadbExtendedMetadata: boolean;
  readonly _command: { mariadbExtendedClientFlags?: number } | null;
  addCommand(command: EventEmitter): void;
  writePacket(packet: unknown): void;
  _resetSequenceId(): void;
}

const linkOf = (connection: Connection): CommandLink => connection as unknown as CommandLink;

/** Asks for bulk operations when the server greets; called before it does. A server that has none does not look at it. */
export function requestBulk(connection: Connection): void {
  const { _command: handshake } = linkOf(connection);
  if (handshake?.mariadbExtendedClientFlags !== undefined) handshake.mariadbExtendedClientFlags |= BULK_OPERATIONS;
}

/** Whether the server has agreed to bulk operations. */
export function hasBulk(connection: Connection): boolean {
  const { _handshakePacket: greeting, _mariadbExtendedMetadata: isAnswered } = linkOf(connection);
  return isAnswered && ((greeting?.mariadbExtendedCapabilityFlags ?? 0) & BULK_OPERATIONS) !== 0;
}

/** Sends a packet that {@link BulkPacket} made; resolves with the rows that it affected. Rejects with what the driver makes of a refusal. */
export function bulkExecute(connection: Connection, packet: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    linkOf(connection).addCommand(new BulkExecute(packet, { resolve, reject }));
  });
}

interface Settled {
  readonly resolve: (affectedRows: number) => void;
  readonly reject: (error: Error) => void;
}

/** A command in the driver's queue: one packet, one answer. */
class BulkExecute extends EventEmitter {
  private isSent = false;

  constructor(
    private readonly packet: Buffer,
    private readonly settled: Settled,
  ) {
    super();
  }

  /** Called by the driver when its turn has come, and then with each packet; true = it is over. */
  execute(answer: AnswerPacket | undefined, link: CommandLink): boolean {
    if (!this.isSent) {
      this.isSent = true;
      link._resetSequenceId();
      link.writePacket(outgoing(this.packet));
      return false;
    }
    if (answer === undefined) return false;
    if (answer.isError()) this.settled.reject(answer.asError(link.clientEncoding));
    else {
      answer.readInt8();
      this.settled.resolve(answer.readLengthCodedNumber());
    }
    return true;
  }

  /** Called by the driver when the connection has come to its end. */
  onResult(error: Error): void {
    this.settled.reject(error);
  }
}

/** As the driver expects its own packets to be: four bytes for the header, then the content. */
const outgoing = (buffer: Buffer): object => ({
  buffer,
  _name: 'BulkExecute',
  length: () => buffer.length - 4,
  writeHeader: (sequenceId: number) => {
    buffer.writeUIntLE(buffer.length - 4, 0, 3);
    buffer[3] = sequenceId;
  },
});
