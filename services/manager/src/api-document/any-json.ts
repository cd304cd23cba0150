import type { ApiPropertyOptions } from '@nestjs/swagger';

/** For `@ApiProperty`: the field holds any value of JSON, a bare number as well as an object. */
export const ANY_JSON = { anyOf: [{}] } as const satisfies ApiPropertyOptions;
