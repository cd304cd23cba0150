import { Injectable } from '@nestjs/common';
import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { map } from 'rxjs';
import type { Observable } from 'rxjs';

/** The version of the answered resource as ETag: what If-Match is compared with. */
@Injectable()
export class EtagInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const response = context.switchToHttp().getResponse<ServerResponse>();
    return next.handle().pipe(
      map((body) => {
        if (typeof body === 'object' && body !== null && 'version' in body && typeof body.version === 'number')
          response.setHeader('etag', `"${String(body.version)}"`);
        return body;
      }),
    );
  }
}
