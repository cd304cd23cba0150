import { applyDecorators } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';

export const IDEMPOTENCY_KEY = 'idempotency-key';

/** The route gives a command, and a client that repeats its request under the same key gives it once. */
export const TakesIdempotencyKey = (): MethodDecorator =>
  applyDecorators(
    ApiHeader({
      name: 'Idempotency-Key',
      required: false,
      description:
        'A name for this request, 1 to 255 visible ASCII characters, of the caller’s own. A repeat with the same key and body ' +
        'answers with the same command and gives no second one; with another body it is refused (409).',
    }),
  );
