import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { sampleNotification } from '../../src/receivers/notification.ts';
import type { Notification } from '../../src/receivers/notification.ts';
import { checkAnswer, requestOfNotification } from '../../src/receivers/receiver-request.ts';
import type { HttpReceiver } from '../../src/receivers/receiver-request.ts';
import { mergeSettings, NO_SECRETS } from '../../src/receivers/receiver-settings.ts';

const NOW = new Date('2026-11-22T10:00:00.500Z');
const ALARM: Notification = {
  ...sampleNotification('D', new Date('2026-11-22T10:00:00Z')),
  ...{ change: 'firing', rule: 'Late <!channel>', severity: 'urgent', subject: 'pipeline shop', alarmId: 'A' },
};

const request = (
  kind: HttpReceiver['kind'],
  secret = '',
  notification = ALARM,
): ReturnType<typeof requestOfNotification> =>
  requestOfNotification(
    { kind, template: null, tlsCa: null, secrets: { ...NO_SECRETS, url: 'https://h.example.com/a?token=t', secret } },
    notification,
    NOW,
  );
const bodyOf = (...args: Parameters<typeof request>): unknown => JSON.parse(request(...args).body);

describe('what is posted', () => {
  it('names the delivery, the same at each try', () => {
    for (const kind of ['webhook', 'dingTalk', 'slack', 'alertmanager'] as const)
      expect(request(kind).headers).toMatchObject({ 'idempotency-key': 'D' });
  });

  it('to a webhook is signed over time and body', () => {
    const { headers, body } = request('webhook', 'key');
    const hash = createHmac('sha256', 'key').update(`1795341600.${body}`).digest('hex');
    expect(headers['lutra-signature']).toBe(`t=1795341600,v1=${hash}`);
    expect(request('webhook').headers).not.toHaveProperty('lutra-signature');
    expect(JSON.parse(body)).toMatchObject({ deliveryId: 'D', alarm: { rule: 'Late <!channel>', severity: 'urgent' } });
  });

  it('to DingTalk carries time and signature in the address', () => {
    const url = new URL(request('dingTalk', 'SEC').url);
    const timestamp = String(NOW.getTime());
    const sign = createHmac('sha256', 'SEC').update(`${timestamp}\nSEC`).digest('base64');
    expect(Object.fromEntries(url.searchParams)).toEqual({ token: 't', timestamp, sign });
    expect(bodyOf('dingTalk')).toMatchObject({
      msgtype: 'markdown',
      markdown: { title: expect.stringContaining('urgent') },
    });
  });

  it('to Slack cannot mention anybody by the name of a rule', () => {
    expect(bodyOf('slack')).toEqual({ text: expect.stringContaining('Late &lt;!channel&gt;') });
  });

  it('to Alertmanager has the same labels at beginning and end, and an end', () => {
    const alert = (change: Notification['change'], repeatMs: number | null = null): Record<string, unknown> => {
      const [first] = bodyOf('alertmanager', '', { ...ALARM, change, repeatMs }) as Record<string, unknown>[];
      return first ?? {};
    };
    expect(request('alertmanager').url).toBe('https://h.example.com/a/api/v2/alerts?token=t');
    expect(alert('resolved')['labels']).toEqual(alert('firing')['labels']);
    expect(alert('resolved')['endsAt']).toBe(ALARM.at);
    // Nobody repeats it once it is acknowledged: it must not end by itself.
    expect(alert('firing')['endsAt']).toBe('2027-11-22T10:00:00.000Z');
    expect(alert('firing', 60_000)['endsAt']).toBe('2027-11-22T10:00:00.000Z');
  });

  it('to Alertmanager ends the alert that it began, though the rule has another name and severity by then', () => {
    const labelsOf = (notification: Notification): unknown => {
      const [first] = bodyOf('alertmanager', '', notification) as Record<string, unknown>[];
      return first?.['labels'];
    };
    const firedAs = { rule: ALARM.rule, severity: ALARM.severity };
    const ended: Notification = { ...ALARM, change: 'resolved', rule: 'Renamed', severity: 'normal', firedAs };
    expect(labelsOf(ended)).toEqual(labelsOf(ALARM));
    expect(bodyOf('webhook', '', ended)).not.toHaveProperty('alarm.firedAs');
  });
});

it.each([
  ['{"errcode":0,"errmsg":"ok"}', null],
  ['{"errcode":310000,"errmsg":"sign not match"}', 'DingTalk refuses the message: 310000 sign not match'],
  ['<html>', 'DingTalk refuses the message: no errcode '],
  ['null', 'DingTalk refuses the message: no errcode '],
])('an answer of DingTalk: %s', (answer, problem) => {
  const check = (): void => {
    checkAnswer('dingTalk', answer, 'h');
  };
  if (problem === null) expect(check).not.toThrow();
  else
    expect(check).toThrow(
      expect.objectContaining({
        code: 'RECEIVER_REFUSED',
        details: expect.objectContaining({ problem }) as unknown,
      }),
    );
});

describe('settings', () => {
  const empty = { email: null, http: null, secrets: NO_SECRETS };
  const url = 'https://h.example.com/a';
  it.each<[string, Parameters<typeof mergeSettings>[0], Parameters<typeof mergeSettings>[2], string]>([
    ['e-mail without host', 'email', { email: {}, http: undefined }, 'email.host'],
    ['e-mail with http', 'email', { email: undefined, http: { url } }, 'http'],
    ['webhook without url', 'webhook', { email: undefined, http: {} }, 'http.url'],
    ['webhook with email', 'slack', { email: {}, http: { url } }, 'email'],
    ['a template of Slack', 'slack', { email: undefined, http: { url, template: { a: 1 } } }, 'http.template'],
    ['a secret of Alertmanager', 'alertmanager', { email: undefined, http: { url, secret: 'x' } }, 'http.secret'],
    ['login in the address', 'webhook', { email: undefined, http: { url: 'https://u:p@h.example.com' } }, 'http.url'],
    ['a header of ours', 'webhook', { email: undefined, http: { url, headers: { Host: 'x' } } }, 'http.headers'],
    [
      'a header that ends early',
      'webhook',
      { email: undefined, http: { url, headers: { a: 'x\r\nb: y' } } },
      'http.headers',
    ],
    ['a header twice', 'webhook', { email: undefined, http: { url, headers: { a: 'x', A: 'y' } } }, 'http.headers'],
    [
      'a password in clear',
      'email',
      {
        email: {
          host: 'h',
          port: 25,
          tls: 'disabled',
          user: 'u',
          password: 'p',
          sender: 'a@b.c',
          recipients: ['a@b.c'],
        },
        http: undefined,
      },
      'email.tls',
    ],
  ])('are refused: %s', (_what, kind, given, field) => {
    expect(() => mergeSettings(kind, empty, given)).toThrow(
      expect.objectContaining({
        details: expect.objectContaining({ fields: [expect.objectContaining({ field })] }) as unknown,
      }),
    );
  });

  it('keep what a change leaves out, secrets too, and show only names and origin', () => {
    const created = mergeSettings('webhook', empty, {
      email: undefined,
      http: { url: `${url}?token=t`, secret: 's', headers: { Authorization: 'Bearer x' }, template: { a: 'b' } },
    });
    const changed = mergeSettings('webhook', created, { email: undefined, http: { template: {} } });
    expect(changed.secrets).toEqual(created.secrets);
    expect(changed.http).toEqual({
      ...{
        origin: 'https://h.example.com',
        tlsCa: null,
        template: null,
        headerNames: ['Authorization'],
        hasSecret: true,
      },
    });
    expect(mergeSettings('webhook', created, { email: undefined, http: { secret: '' } }).http?.hasSecret).toBe(false);
  });
});
