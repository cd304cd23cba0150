import { applyDecorators } from '@nestjs/common';
import { IsString, Length, Matches } from 'class-validator';

/** What a resource is called: as people see it. Blanks at the ends nobody sees, and the store takes 'a ' for 'a'. */
export const IsName = (): PropertyDecorator =>
  applyDecorators(
    IsString(),
    Length(1, 100),
    Matches(/^(?!\s)[^]*(?<!\s)$/u, { message: '$property must not begin or end with a blank' }),
  );
