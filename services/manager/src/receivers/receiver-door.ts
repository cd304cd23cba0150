import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Secrets } from '@lutra/service-kit';
import type { Store } from '../store/store.ts';
import type { Notification } from './notification.ts';
import { postJson } from './post-json.ts';
import { checkAnswer, httpOf, requestOfNotification } from './receiver-request.ts';
import type { ReceiverEntity, ReceiverSecrets } from './receiver.entity.ts';
import { sendEmail } from './send-email.ts';

/** Connecting and answering together. */
const SEND_MS_MAX = 10_000;
const DETAIL_CHARS_MAX = 1_000;

/** The manager's way out to receivers. Every try leaves its outcome beside the receiver. */
export class ReceiverDoor {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly secrets: Secrets,
  ) {}

  /** Sends once, within 10 s. Null when the receiver has taken it, else why not (RECEIVER_UNREACHABLE, RECEIVER_REFUSED, …). */
  async send(receiver: ReceiverEntity, notification: Notification): Promise<SyncError | null> {
    const failure = await this.trySend(receiver, notification);
    await this.note(receiver.id, failure);
    return failure;
  }

  private async trySend(receiver: ReceiverEntity, notification: Notification): Promise<SyncError | null> {
    const { clock } = this;
    const limit = new AbortController();
    const cancel = clock.callAfter(SEND_MS_MAX, () => {
      limit.abort();
    });
    try {
      const secrets = followSecrets(openSecrets(receiver, this.secrets), this.secrets);
      if (receiver.kind === 'email') {
        await sendEmail({ ...httpOf(receiver.email), password: secrets.password }, notification, limit.signal);
        return null;
      }
      const { template, tlsCa, origin } = httpOf(receiver.http);
      const { kind } = receiver;
      const request = requestOfNotification({ kind, template, tlsCa, secrets }, notification, clock.now());
      checkAnswer(kind, await postJson(request, limit.signal), origin);
      return null;
    } catch (error) {
      return SyncError.of(error);
    } finally {
      cancel();
    }
  }

  private async note(receiverId: string, failure: SyncError | null): Promise<void> {
    // One statement: two managers may send to one receiver at the same time. The pause after a failure goes by its clock.
    const at = failure === null ? 'UTC_TIMESTAMP(3), NULL' : 'NULL, UTC_TIMESTAMP(3)';
    const detail = failure === null ? '' : failure.sentence.slice(0, DETAIL_CHARS_MAX);
    await this.store.run((manager) =>
      manager.query(
        `INSERT INTO receiver_state (receiver_id, last_sent_at, last_failed_at, failure_code, failure_detail, failures_in_row)
          VALUES (?, ${at}, ?, ?, ?) ON DUPLICATE KEY UPDATE
          last_sent_at = COALESCE(VALUES(last_sent_at), last_sent_at),
          last_failed_at = COALESCE(VALUES(last_failed_at), last_failed_at),
          failure_code = IF(VALUES(failure_code) = '', failure_code, VALUES(failure_code)),
          failure_detail = IF(VALUES(failure_code) = '', failure_detail, VALUES(failure_detail)),
          failures_in_row = IF(VALUES(failures_in_row) = 0, 0, failures_in_row + 1)`,
        [receiverId, failure?.code ?? '', detail, failure === null ? 0 : 1],
      ),
    );
  }
}

export const openSecrets = ({ secretsSealed }: ReceiverEntity, secrets: Secrets): ReceiverSecrets =>
  JSON.parse(secrets.open(secretsSealed)) as ReceiverSecrets;

/** Each of them may be a reference. Throws as {@link Secrets.follow}, and RECEIVER_REFUSED when an address is none. */
function followSecrets({ password, url, secret, headers }: ReceiverSecrets, secrets: Secrets): ReceiverSecrets {
  const followed = Object.entries(headers).map(([name, value]) => [name, secrets.follow(value)]);
  return {
    url: followAddress(url, secrets),
    password: secrets.follow(password),
    secret: secrets.follow(secret),
    headers: Object.fromEntries(followed) as ReceiverSecrets['headers'],
  };
}

/** What was referred to is not repeated in the error: whatever it is, it was meant to be a secret. */
function followAddress(text: string, secrets: Secrets): string {
  const url = secrets.follow(text);
  if (text === url || (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol))) return url;
  const problem = `${text} holds no http or https address`;
  throw new SyncError('RECEIVER_REFUSED', { problem, address: text });
}
