import { createTransport } from 'nodemailer';
import { SyncError } from '@lutra/model';
import { DELIVERY_HEADER } from './receiver-request.ts';
import { linesOf, titleOf } from './notification.ts';
import type { Notification } from './notification.ts';
import type { EmailSettings } from './receiver.entity.ts';

const CONNECT_MS_MAX = 5_000;
const SOCKET_MS_MAX = 10_000;
/** The server understood and does not want it: a repeat gives the same, until somebody changes something. */
const REFUSED = new Set(['EAUTH', 'EENVELOPE', 'EMESSAGE', 'ETLS']);

/**
 * Sends one mail to all recipients. Resolves when the server has taken it for at least one of them: a repeat would reach
 * those again. The message id is the delivery's, the same at each repeat. Throws RECEIVER_UNREACHABLE (also when `signal`
 * aborts), RECEIVER_REFUSED.
 */
export async function sendEmail(
  settings: EmailSettings & { readonly password: string },
  notification: Notification,
  signal: AbortSignal,
): Promise<void> {
  const { host, port, tls, tlsCa, user, password, sender, recipients } = settings;
  const transport = createTransport({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'startTls',
    ignoreTLS: tls === 'disabled',
    tls: { servername: host, ...(tlsCa === null ? {} : { ca: tlsCa }) },
    ...(user === '' ? {} : { auth: { user, pass: password } }),
    connectionTimeout: CONNECT_MS_MAX,
    greetingTimeout: CONNECT_MS_MAX,
    socketTimeout: SOCKET_MS_MAX,
    // Nothing of a message is ever read from a file or an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  const sending = transport.sendMail({
    from: sender,
    to: [...recipients],
    subject: titleOf(notification),
    text: linesOf(notification).join('\n'),
    messageId: `<${notification.id}@lutra>`,
    headers: { [DELIVERY_HEADER]: notification.id, 'auto-submitted': 'auto-generated' },
  });
  try {
    await Promise.race([sending, untilAborted(signal)]);
  } catch (error) {
    throw mailFailure(error, `${host}:${String(port)}`);
  } finally {
    transport.close();
    // Whoever waited has heard of it.
    sending.catch(() => undefined);
  }
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const end = (): void => {
      reject(new Error('no answer in time'));
    };
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
  });
}

/** The server's own words may repeat user names, not passwords: the code and the reply's number are enough. */
function mailFailure(error: unknown, address: string): SyncError {
  const { code = '', responseCode, message } = error as { code?: unknown; responseCode?: unknown; message?: unknown };
  const reply = typeof responseCode === 'number' ? ` (reply ${String(responseCode)})` : '';
  const word = typeof code === 'string' && code !== '' ? code : String(message).slice(0, 100);
  if (REFUSED.has(word)) {
    const problem = `The mail server ${address} refuses the mail: ${word}${reply}`;
    return new SyncError('RECEIVER_REFUSED', { problem, address }, { cause: error });
  }
  const problem = `The mail server ${address} cannot be reached: ${word}${reply}`;
  return new SyncError('RECEIVER_UNREACHABLE', { problem, address }, { cause: error });
}
