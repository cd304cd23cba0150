import type { IncomingMessage, ServerResponse } from 'node:http';
import { setSecurityHeaders } from '@lutra/service-kit';

/** The API page has scripts and styles of its own; Swagger UI writes some styles into the page. */
const PAGE_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";
const PAGE = /^\/api\/docs([/?]|$)/i;

/** The headers of every answer of a service, but for the API page a policy under which it runs. */
export function securityHeaders(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  setSecurityHeaders(request, response);
  if (PAGE.test(request.url ?? '')) response.setHeader('content-security-policy', PAGE_POLICY);
  next();
}
