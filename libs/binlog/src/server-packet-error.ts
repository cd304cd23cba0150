/** An error packet that the server sent instead of an event. Translated in source-failure.ts. */
export class ServerPacketError extends Error {
  override readonly name = 'ServerPacketError';

  constructor(
    readonly errno: number,
    message: string,
  ) {
    super(message);
  }

  /** `packet` begins with the status byte 0xff; then the number, and '#' with a state of five characters. */
  static parse(packet: Buffer): ServerPacketError {
    const hasState = packet[3] === 0x23;
    return new ServerPacketError((packet[1] ?? 0) | ((packet[2] ?? 0) << 8), packet.toString('utf8', hasState ? 9 : 3));
  }
}
