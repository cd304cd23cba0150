import { createHmac } from 'node:crypto';
import { assertNever, must, SyncError } from '@lutra/model';
import { linesOf, titleOf } from './notification.ts';
import type { Notification } from './notification.ts';
import type { JsonRequest } from './post-json.ts';
import type { ReceiverKind, ReceiverSecrets } from './receiver.entity.ts';
import { renderTemplate } from './render-template.ts';
import type { Template } from './render-template.ts';

/** Names the delivery: a receiver that keeps it drops a repeat whose first answer was lost. */
export const DELIVERY_HEADER = 'idempotency-key';
/** `t=<unix s>,v1=<HMAC-SHA256 of "t.body" in hex>` of webhooks that have a secret. */
export const SIGNATURE_HEADER = 'lutra-signature';

/**
 * Alertmanager takes an alert for over when nobody repeats it: ours says itself when it is, and is not repeated once somebody
 * has acknowledged it.
 */
const ALERT_HOLDS_MS = 365 * 86_400_000;

export interface HttpReceiver {
  readonly kind: Exclude<ReceiverKind, 'email'>;
  readonly template: Template | null;
  readonly tlsCa: string | null;
  readonly secrets: ReceiverSecrets;
}

/** What is posted to tell a receiver of a change. Pure. */
export function requestOfNotification(receiver: HttpReceiver, notification: Notification, now: Date): JsonRequest {
  const { secrets, tlsCa } = receiver;
  const body = JSON.stringify(bodyOf(receiver, notification));
  const headers = { ...secrets.headers, [DELIVERY_HEADER]: notification.id };
  switch (receiver.kind) {
    case 'webhook':
      return { url: secrets.url, headers: { ...headers, ...signatureOf(body, secrets.secret, now) }, body, tlsCa };
    case 'dingTalk':
      return { url: signedDingTalk(secrets, now), headers, body, tlsCa };
    case 'slack':
      return { url: secrets.url, headers, body, tlsCa };
    case 'alertmanager':
      return { url: alertsOf(secrets.url), headers, body, tlsCa };
    default:
      return assertNever(receiver.kind);
  }
}

/** DingTalk answers 200 to everything and says in the body what it thinks. Throws RECEIVER_REFUSED. */
export function checkAnswer(kind: HttpReceiver['kind'], answer: string, address: string): void {
  if (kind !== 'dingTalk') return;
  const said = readAnswer(answer);
  if (said?.['errcode'] === 0) return;
  const problem = `DingTalk refuses the message: ${errcodeOf(said)} ${textOf(said?.['errmsg']).slice(0, 200)}`;
  throw new SyncError('RECEIVER_REFUSED', { problem, address });
}

function bodyOf({ kind, template }: HttpReceiver, notification: Notification): unknown {
  const title = titleOf(notification);
  switch (kind) {
    case 'webhook': {
      const { id, ...alarm } = notification;
      return template === null
        ? { deliveryId: id, alarm: { ...alarm, firedAs: undefined } }
        : renderTemplate(template, notification);
    }
    case 'dingTalk': {
      // Rule names and messages may hold what Markdown takes for markup: the worst that it does there is to look odd.
      const text = [`### ${title}`, ...linesOf(notification)].join('\n\n');
      return { msgtype: 'markdown', markdown: { title, text } };
    }
    case 'slack':
      return { text: [`*${escapeSlack(title)}*`, ...linesOf(notification).map(escapeSlack)].join('\n') };
    case 'alertmanager':
      return [alertOf(notification)];
    default:
      return assertNever(kind);
  }
}

/** Its three control characters; what is left cannot mention a channel or make a link. */
const escapeSlack = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The labels are the alert's identity: those of firing and resolved must be the same, whatever the rule is called by then. */
function alertOf(notification: Notification): unknown {
  const { kind, subject, subjectId, alarmId, message, since, at, change } = notification;
  const { rule, severity } = notification.firedAs ?? notification;
  const endsAt = change === 'resolved' ? at : new Date(Date.parse(at) + ALERT_HOLDS_MS).toISOString();
  return {
    labels: { alertname: rule, service: 'lutra', kind, severity, subject, subject_id: subjectId, alarm_id: alarmId },
    annotations: { summary: titleOf(notification), description: message },
    startsAt: since,
    endsAt,
  };
}

function signatureOf(body: string, secret: string, now: Date): Record<string, string> {
  if (secret === '') return {};
  const seconds = String(Math.floor(now.getTime() / 1000));
  const hash = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return { [SIGNATURE_HEADER]: `t=${seconds},v1=${hash}` };
}

function signedDingTalk({ url, secret }: ReceiverSecrets, now: Date): string {
  if (secret === '') return url;
  const timestamp = String(now.getTime());
  const signed = new URL(url);
  signed.searchParams.set('timestamp', timestamp);
  signed.searchParams.set('sign', createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64'));
  return signed.href;
}

/** Below the address that its own pages have; a query stays. */
function alertsOf(address: string): string {
  const url = new URL(address);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v2/alerts`;
  return url.href;
}

function readAnswer(answer: string): Record<string, unknown> | null {
  try {
    const said: unknown = JSON.parse(answer);
    return typeof said === 'object' ? (said as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}

const errcodeOf = (said: Record<string, unknown> | null): string =>
  typeof said?.['errcode'] === 'number' ? String(said['errcode']) : 'no errcode';

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The settings of a receiver that is posted to. */
export const httpOf = <T>(settings: T | null): T => must(settings, 'all kinds but e-mail have an address');
