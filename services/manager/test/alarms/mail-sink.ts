import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import type { SMTPServerOptions } from 'smtp-server';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly isEncrypted: boolean;
  readonly user: string;
}

/** A real mail server that keeps what was sent to it. */
export class MailSink {
  private constructor(
    private readonly server: SMTPServer,
    readonly mails: readonly Mail[],
  ) {}

  /** Takes the user 'lutra' with the password 'mail-secret'; refuses recipients that begin with 'nobody'. */
  static async start(options: SMTPServerOptions): Promise<MailSink> {
    const mails: Mail[] = [];
    const server = new SMTPServer({
      ...options,
      onAuth: ({ username = '', password }, _session, done) => {
        if (username === 'lutra' && password === 'mail-secret') done(null, { user: username });
        else done(new Error('Wrong user or password'));
      },
      onRcptTo: ({ address }, _session, done) => {
        done(address.startsWith('nobody') ? new Error('No such mailbox') : null);
      },
      onData: (stream, { envelope, secure, user }, done) => {
        const parts: Buffer[] = [];
        stream.on('data', (part: Buffer) => parts.push(part));
        stream.on('end', () => {
          const { mailFrom, rcptTo } = envelope;
          const from = mailFrom === false ? '' : mailFrom.address;
          const to = rcptTo.map(({ address }) => address);
          mails.push({
            from,
            to,
            text: Buffer.concat(parts).toString('utf8'),
            isEncrypted: secure,
            user: String(user ?? ''),
          });
          done(null);
        });
      },
    });
    // Clients that break off a handshake are part of what is tested.
    server.on('error', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new MailSink(server, mails);
  }

  get port(): number {
    return (this.server.server.address() as AddressInfo).port;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => {
        resolve();
      });
    });
  }
}
