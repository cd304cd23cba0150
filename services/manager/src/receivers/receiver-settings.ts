import { readSecretReference } from '@lutra/model';
import { refuseField } from '../http/refuse-field.ts';
import type { EmailPatchDto, HttpPatchDto } from './receiver.dto.ts';
import type { EmailSettings, HttpSettings, ReceiverKind, ReceiverSecrets } from './receiver.entity.ts';
import { checkTemplate } from './render-template.ts';
import type { Template } from './render-template.ts';

/** A receiver's settings, and what of them is sealed. */
export interface ReceiverSettings {
  readonly email: EmailSettings | null;
  readonly http: HttpSettings | null;
  readonly secrets: ReceiverSecrets;
}

export const NO_SECRETS: ReceiverSecrets = { password: '', url: '', secret: '', headers: {} };

const HEADERS_MAX = 20;
const HEADER_NAME = /^[!#$%&'*+.^`|~\w-]{1,100}$/;
const HEADER_VALUE = /^[\t\x20-\x7e]{0,2000}$/;
/** They say how the message itself is read, or are ours. */
const HEADERS_RESERVED = new Set([
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'idempotency-key',
  'lutra-signature',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The settings with what a request gives of them; what it leaves out stays. Throws REQUEST_INVALID naming the field. */
export function mergeSettings(
  kind: ReceiverKind,
  known: ReceiverSettings,
  given: { readonly email: EmailPatchDto | undefined; readonly http: HttpPatchDto | undefined },
): ReceiverSettings {
  const { email, http } = given;
  if (kind === 'email') {
    if (http !== undefined) refuseField('http', 'http belongs to the other kinds: an email receiver has email');
    return mergeEmail(known, email ?? {});
  }
  if (email !== undefined) refuseField('email', `email belongs to the kind email: a ${kind} receiver has http`);
  return mergeHttp(kind, known, http ?? {});
}

function mergeEmail(known: ReceiverSettings, { password, ...given }: EmailPatchDto): ReceiverSettings {
  const before = known.email;
  const email: EmailSettings = {
    host: given.host ?? before?.host ?? missing('email.host'),
    port: given.port ?? before?.port ?? missing('email.port'),
    tls: given.tls ?? before?.tls ?? 'startTls',
    tlsCa: given.tlsCa ?? before?.tlsCa ?? null,
    user: given.user ?? before?.user ?? '',
    sender: given.sender ?? before?.sender ?? missing('email.sender'),
    recipients: given.recipients ?? before?.recipients ?? missing('email.recipients'),
  };
  if (email.user !== '' && email.tls === 'disabled')
    refuseField(
      'email.tls',
      'email.tls must be startTls or implicit when there is a user: a password is not sent in clear',
    );
  return { email, http: null, secrets: { ...known.secrets, ...(password === undefined ? {} : { password }) } };
}

function mergeHttp(kind: ReceiverKind, known: ReceiverSettings, given: HttpPatchDto): ReceiverSettings {
  const before = known.http;
  const { template, headers, secret } = given;
  if (template !== undefined && kind !== 'webhook')
    refuseField('http.template', `http.template belongs to the kind webhook: ${kind} has a body of its own`);
  if (template !== undefined) checkTemplate(template, 'http.template');
  if (headers !== undefined) checkHeaders(headers);
  if (secret !== undefined && secret !== '' && kind !== 'webhook' && kind !== 'dingTalk')
    refuseField('http.secret', `http.secret belongs to webhook and dingTalk: ${kind} knows no signature`);
  const url = given.url ?? (known.secrets.url === '' ? missing('http.url') : known.secrets.url);
  const secrets: ReceiverSecrets = {
    password: '',
    url,
    secret: secret ?? known.secrets.secret,
    headers: headers ?? known.secrets.headers,
  };
  const http: HttpSettings = {
    origin: originOf(url),
    tlsCa: given.tlsCa ?? before?.tlsCa ?? null,
    template: template === undefined ? (before?.template ?? null) : templateOf(template),
    headerNames: Object.keys(secrets.headers).sort(),
    hasSecret: secrets.secret !== '',
  };
  return { email: null, http, secrets };
}

const templateOf = (template: Template): Template | null => (Object.keys(template).length === 0 ? null : template);

function checkHeaders(headers: Readonly<Record<string, unknown>>): void {
  const entries = Object.entries(headers);
  if (entries.length > HEADERS_MAX)
    refuseField('http.headers', `http.headers has at most ${String(HEADERS_MAX)} of them`);
  const names = new Set(entries.map(([name]) => name.toLowerCase()));
  if (names.size < entries.length) refuseField('http.headers', 'http.headers has one name twice');
  for (const [name, value] of entries) {
    if (!HEADER_NAME.test(name)) refuseField('http.headers', 'http.headers has a name that is no header name');
    if (HEADERS_RESERVED.has(name.toLowerCase()))
      refuseField('http.headers', `http.headers must not have ${name}: Lutra sets it itself`);
    if (typeof value !== 'string' || !HEADER_VALUE.test(value))
      refuseField('http.headers', `http.headers.${name} must be visible ASCII text of at most 2000 characters`);
  }
}

/** What may be shown of an address: a reference is looked up only when it is used. */
function originOf(url: string): string {
  if (readSecretReference(url) !== null) return url;
  const { origin, username, password } = new URL(url);
  if (username !== '' || password !== '')
    refuseField('http.url', 'http.url must not carry user and password: put them into an authorization header');
  return origin;
}

const missing = (field: string): never => refuseField(field, `${field} is needed`);
