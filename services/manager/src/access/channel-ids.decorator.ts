import { applyDecorators } from '@nestjs/common';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsString, Length } from 'class-validator';

/** More channels than that are the whole installation. */
export const CHANNELS_MAX = 100;

/** The field lists ids of channels, each once, at least `min` of them. */
export const ChannelIds = (min = 1): PropertyDecorator =>
  applyDecorators(
    IsArray(),
    ArrayMinSize(min),
    ArrayMaxSize(CHANNELS_MAX),
    ArrayUnique(),
    IsString({ each: true }),
    Length(1, 26, { each: true }),
  );
