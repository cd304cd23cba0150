import type { IncomingMessage, ServerResponse } from 'node:http';

/** What every answer tells a browser: nothing of it is a page, nothing of it is kept, nobody may frame or embed it. */
const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};
/** A year: whoever has used TLS once is not lured away from it. */
const TLS_ONLY = 'max-age=31536000';

/** Sets the headers that keep a browser from being turned against its user. */
export function setSecurityHeaders(request: IncomingMessage, response: ServerResponse): void {
  for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
  if ('encrypted' in request.socket) response.setHeader('strict-transport-security', TLS_ONLY);
}
