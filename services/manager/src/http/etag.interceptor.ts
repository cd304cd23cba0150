import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { map } from 'rxjs';
import type { Observable } from 'rxjs';

/**
 * The version of the answered resource as ETag: what If-Match is compared with. It says nothing of what else is shown, as the
 * state of a pipeline is, so that no answer is left out because the client has that version already.
 */
@Injectable()
export class EtagInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const http = context.switchToHttp();
    const [request, response] = [http.getRequest<IncomingMessage>(), http.getResponse<ServerResponse>()];
    return next.handle().pipe(
      map((body) => {
        if (typeof body === 'object' && body !== null && 'version' in body && typeof body.version === 'number') {
          response.setHeader('etag', `"${String(body.version)}"`);
          delete request.headers['if-none-match'];
        }
        return body;
      }),
    );
  }
}
