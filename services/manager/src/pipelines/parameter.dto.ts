import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ANY_JSON } from '../api-document/any-json.ts';
import { EFFECTS, PARAMETER_NAMES } from './parameter-catalogue.ts';
import type { Effect, ParameterName, ParameterRange } from './parameter-catalogue.ts';

/** What one parameter of a pipeline is. */
export class ParameterDto {
  @ApiProperty({ enum: PARAMETER_NAMES })
  name!: ParameterName;

  @ApiProperty({ enum: ['integer', 'choice', 'flag', 'instance', 'words'], description: 'words: a map to words' })
  type!: ParameterRange['type'];

  @ApiPropertyOptional({ description: 'Of an integer' })
  minimum?: number;

  @ApiPropertyOptional({ description: 'Of an integer' })
  maximum?: number;

  @ApiPropertyOptional({ description: 'Of an integer', example: 'ms' })
  unit?: string;

  @ApiPropertyOptional({ type: [String], description: 'Of a choice and of words: what may stand there' })
  values?: readonly string[];

  @ApiPropertyOptional({ type: [String], nullable: true, description: 'Of words: names in the map; null = any' })
  keys?: readonly string[] | null;

  @ApiProperty({ ...ANY_JSON, example: 4, description: 'What a new pipeline has' })
  default!: unknown;

  @ApiProperty({ enum: EFFECTS, description: 'From when a change counts. None needs a stop' })
  takesEffect!: Effect;

  @ApiProperty({ description: 'A RESTART of the pipeline brings a change at once; without one it waits for the next' })
  waitsForRestart!: boolean;

  @ApiProperty()
  meaning!: string;
}

export class ParameterListDto {
  @ApiProperty({ type: [ParameterDto] })
  items!: ParameterDto[];

  @ApiProperty()
  total!: number;
}

/** From when a parameter that was changed counts. */
export class ParameterEffectDto {
  @ApiProperty({ enum: PARAMETER_NAMES })
  parameter!: ParameterName;

  @ApiProperty({ enum: EFFECTS })
  takesEffect!: Effect;

  @ApiProperty({ description: 'Order a RESTART when it shall not wait for the next one' })
  waitsForRestart!: boolean;
}
