import { readAgain, readExecute } from './execute-request.ts';
import type { ExecuteRequest } from './execute-request.ts';
import { changedMessage, endMessage, loginMessage, queryMessage, rowsMessage, statusMessage } from './oracle-answer.ts';
import type { OpenCursor, OracleError, OracleRows } from './oracle-answer.ts';
import { challenge, proofFor } from './oracle-login.ts';
import type { LoginChallenge } from './oracle-login.ts';
import { TtcReader } from './ttc-reader.ts';
import { TtcWriter } from './ttc-writer.ts';

export interface OracleStatement {
  readonly sql: string;
  /** Values of its placeholders, in their order; text only. */
  readonly binds: readonly (string | null)[];
  /** In upper case. */
  readonly user: string;
}

/** How a database answers a statement: rows of a query, how many rows were changed, or why not. */
export type OracleAnswer = OracleRows | { readonly changed: number } | { readonly error: OracleError };

/** What runs the statements: a script of a test, or a database behind the double. */
export type OracleEngine = (statement: OracleStatement) => OracleAnswer | Promise<OracleAnswer>;

export interface OracleIdentity {
  /** Passwords by account in upper case. */
  readonly users: Readonly<Record<string, string>>;
  readonly service: string;
  /** '19.3.0.0.0'. */
  readonly version: string;
}

const MESSAGE = { protocol: 1, dataTypes: 2, call: 3, piggyback: 17 } as const;
const CALL = {
  execute: 94,
  executeAgain: 4,
  executeAgainAndFetch: 78,
  fetch: 5,
  logOff: 9,
  commit: 14,
  rollback: 15,
  ping: 147,
  loginFirst: 118,
  loginSecond: 115,
} as const;
const PIGGYBACK_CLOSE_CURSORS = 105;
const BAD_LOGIN: OracleError = { code: 1017, message: 'invalid credential or not authorized; logon denied' };
const NO_CURSOR: OracleError = { code: 1001, message: 'invalid cursor' };
const UTF8 = 873;
const UTF16 = 2_000;

/** What a client says after the listener has let it in, and what the database answers: one message each. */
export class OracleSession {
  private user = '';
  private login: LoginChallenge | null = null;
  private isLoggedIn = false;
  private readonly cursors = new Map<number, OpenCursor & { bindCount: number }>();
  private lastCursorId = 0;

  constructor(
    private readonly identity: OracleIdentity,
    private readonly engine: OracleEngine,
  ) {}

  /** What a message is about, before it is answered; null = neither, such as a commit or the end. */
  static stepOf(message: Buffer): 'login' | 'statement' | null {
    const [kind, call] = message;
    if (kind === MESSAGE.piggyback) return 'statement';
    if (kind !== MESSAGE.call) return null;
    if (call === CALL.loginFirst || call === CALL.loginSecond) return 'login';
    return call === CALL.execute || call === CALL.executeAgain || call === CALL.executeAgainAndFetch
      ? 'statement'
      : null;
  }

  /** Throws where the client says what the double does not speak. */
  async answer(message: Buffer): Promise<Buffer> {
    const reader = new TtcReader(message);
    for (;;) {
      const kind = reader.byte();
      if (kind === MESSAGE.protocol) return negotiated();
      if (kind === MESSAGE.dataTypes) return Buffer.from([MESSAGE.dataTypes, 0, 0]);
      const call = reader.byte();
      reader.skip('b');
      if (kind === MESSAGE.call) return this.call(call, reader);
      if (kind !== MESSAGE.piggyback || call !== PIGGYBACK_CLOSE_CURSORS)
        throw new Error(`message ${String(kind)}.${String(call)} is not spoken by the double`);
      this.closeCursors(reader);
    }
  }

  private async call(call: number, reader: TtcReader): Promise<Buffer> {
    if (call === CALL.loginFirst) return this.startLogin(reader);
    if (call === CALL.loginSecond) return this.finishLogin(reader);
    if (!this.isLoggedIn) return endMessage({ error: { code: 1012, message: 'not logged on' } });
    switch (call) {
      case CALL.execute:
        return this.execute(readExecute(reader));
      case CALL.executeAgain:
      case CALL.executeAgainAndFetch:
        return this.executeAgain(reader);
      case CALL.fetch: {
        const cursor = this.cursors.get(reader.number());
        return cursor === undefined ? endMessage({ error: NO_CURSOR }) : rowsMessage(cursor, reader.number());
      }
      case CALL.commit:
      case CALL.rollback:
      case CALL.ping:
      case CALL.logOff:
        return statusMessage();
      default:
        throw new Error(`call ${String(call)} is not spoken by the double`);
    }
  }

  private startLogin(reader: TtcReader): Buffer {
    this.user = readAccount(reader).user;
    this.login = challenge(this.identity.users[this.user]);
    return loginMessage(this.login.answer);
  }

  private finishLogin(reader: TtcReader): Buffer {
    const { given } = readAccount(reader);
    const proof = this.login === null ? null : proofFor(this.login, given);
    if (proof === null) return endMessage({ error: BAD_LOGIN });
    this.isLoggedIn = true;
    const pairs = {
      AUTH_VERSION_NO: String(versionNumber(this.identity.version)),
      AUTH_SESSION_ID: '1',
      AUTH_SERIAL_NUM: '1',
      AUTH_SC_SERVICE_NAME: this.identity.service,
      AUTH_DBNAME: this.identity.service,
      AUTH_INSTANCENAME: 'double',
      AUTH_MAX_OPEN_CURSORS: '300',
      AUTH_MAX_IDEN_LENGTH: '128',
      AUTH_SVR_RESPONSE: proof,
    };
    const writer = new TtcWriter().number(Object.keys(pairs).length);
    for (const [key, value] of Object.entries(pairs)) writer.pair(key, value);
    return loginMessage(writer.message);
  }

  private execute(request: ExecuteRequest): Promise<Buffer> | Buffer {
    if (request.sql === null) return this.run(request, { isFirst: false });
    const id = ++this.lastCursorId;
    const bindCount = request.binds.length;
    this.cursors.set(id, { id, sql: request.sql, bindCount, columns: [], rest: [], sent: 0 });
    return this.run({ ...request, cursorId: id }, { isFirst: true });
  }

  private executeAgain(reader: TtcReader): Promise<Buffer> | Buffer {
    // The id is read twice: it says how many values follow.
    const id = reader.peekNumber();
    return this.run(readAgain(reader, this.cursors.get(id)?.bindCount ?? 0), { isFirst: false });
  }

  private async run(
    { cursorId, binds, rowsMax }: ExecuteRequest,
    { isFirst }: { readonly isFirst: boolean },
  ): Promise<Buffer> {
    const cursor = this.cursors.get(cursorId);
    if (cursor === undefined) return endMessage({ error: NO_CURSOR });
    const answer = await this.engine({ sql: cursor.sql, binds, user: this.user });
    if ('error' in answer) return endMessage({ cursorId, error: answer.error });
    if ('changed' in answer) return changedMessage(cursorId, answer.changed);
    Object.assign(cursor, { columns: answer.columns, rest: answer.rows, sent: 0 });
    return isFirst ? queryMessage(cursor, rowsMax) : rowsMessage(cursor, rowsMax);
  }

  private closeCursors(reader: TtcReader): void {
    reader.skip('b');
    for (let left = reader.number(); left > 0; left--) this.cursors.delete(reader.number());
  }
}

function readAccount(reader: TtcReader): { readonly user: string; readonly given: ReadonlyMap<string, string> } {
  reader.skip('bnnb');
  const count = reader.number();
  reader.skip('bb');
  const user = reader.text().toUpperCase();
  return { user, given: new Map(Array.from({ length: count }, () => reader.pair())) };
}

/** Character sets and abilities of a database of release 12.1, the oldest that the driver speaks to. */
function negotiated(): Buffer {
  const compiled = Buffer.alloc(42);
  compiled[0] = 6;
  compiled[4] = 0xef;
  // Shape of the messages: 12.1.
  compiled[7] = 7;
  compiled[37] = 0x20;
  const atRunTime = Buffer.alloc(11);
  atRunTime[0] = 2;
  atRunTime[6] = 4;
  const formats = Buffer.alloc(12);
  formats.writeUInt16BE(UTF16, 9);
  const charset = Buffer.alloc(2);
  charset.writeUInt16LE(UTF8);
  return new TtcWriter()
    .byte(MESSAGE.protocol, 6, 0)
    .raw(Buffer.from('Lutra double of a database\0'))
    .raw(charset)
    .zeros(3)
    .byte(0, formats.length)
    .raw(formats)
    .value(compiled)
    .value(atRunTime).message;
}

/** As servers up to 18 pack it, which the shape of the messages makes the driver expect. */
function versionNumber(version: string): number {
  const [major = 0, release = 0, update = 0, port = 0, portUpdate = 0] = version.split('.').map(Number);
  return major * 2 ** 24 + (release << 20) + (update << 12) + (port << 8) + portUpdate;
}
