import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsObject, Max, Min, ValidateIf, ValidateNested } from 'class-validator';
import { LOG_LEVELS } from '@lutra/model';
import type { LogLevel, PipelineParameters } from '@lutra/model';
import { MayBeAbsent } from '../http/may-be-absent.ts';
import { ResourceDto } from '../http/resource.dto.ts';
import { ParametersDto } from '../pipelines/parameters.dto.ts';
import { SYSTEM_NUMBERS } from './system-parameter-catalogue.ts';
import type { SystemNumberName, SystemParameterValues } from './system-parameter-catalogue.ts';

const LOG_LEVEL_NOTE =
  'From which level on all instances write to their logs, later ones too, where no order for one instance says otherwise; null = as each was started. Reaches them within seconds';

/** A number of the catalogue; null = its default. */
function SystemNumberField(name: SystemNumberName): PropertyDecorator {
  const { minimum, maximum, meaning, unit, default: value } = SYSTEM_NUMBERS[name];
  const description = `${meaning}. Unit: ${unit}. Null = the default`;
  const rules = [
    ApiPropertyOptional({ type: 'integer', nullable: true, minimum, maximum, default: value, description }),
    MayBeAbsent(),
    ValidateIf((_object, given) => given !== null),
    IsInt(),
    Min(minimum),
    Max(maximum),
  ];
  return (target, property) => {
    for (const rule of rules) rule(target, property);
  };
}

/** What is left out stays. */
export class SystemParametersPatchDto {
  @ApiPropertyOptional({
    type: ParametersDto,
    nullable: true,
    description:
      'What a new pipeline is made with where the request says nothing; replaced as a whole, null = nothing. Pipelines that there are, and documents of channels, stay as they are',
  })
  @MayBeAbsent()
  @ValidateIf((_object, given) => given !== null)
  @IsObject()
  @ValidateNested()
  @Type(() => ParametersDto)
  pipelineDefaults?: ParametersDto | null;

  @ApiPropertyOptional({ enum: LOG_LEVELS, nullable: true, description: LOG_LEVEL_NOTE })
  @MayBeAbsent()
  @ValidateIf((_object, given) => given !== null)
  @IsIn(LOG_LEVELS)
  logLevel?: LogLevel | null;

  @SystemNumberField('revisionsMax')
  revisionsMax?: number | null;

  @SystemNumberField('removalDays')
  removalDays?: number | null;

  @SystemNumberField('statistics1sMinutes')
  statistics1sMinutes?: number | null;

  @SystemNumberField('statistics1mDays')
  statistics1mDays?: number | null;

  @SystemNumberField('statistics1hDays')
  statistics1hDays?: number | null;

  @SystemNumberField('statistics1dDays')
  statistics1dDays?: number | null;

  @SystemNumberField('processHours')
  processHours?: number | null;

  @SystemNumberField('alarmDays')
  alarmDays?: number | null;

  @SystemNumberField('sessionIdleMinutes')
  sessionIdleMinutes?: number | null;

  @SystemNumberField('sessionHours')
  sessionHours?: number | null;
}

export class SystemParametersDto extends ResourceDto implements SystemParameterValues {
  @ApiProperty({ type: ParametersDto })
  pipelineDefaults!: Partial<PipelineParameters>;

  @ApiProperty({ enum: LOG_LEVELS, nullable: true, description: LOG_LEVEL_NOTE })
  logLevel!: LogLevel | null;

  @ApiProperty({ description: SYSTEM_NUMBERS.revisionsMax.meaning })
  revisionsMax!: number;

  @ApiProperty({ description: SYSTEM_NUMBERS.removalDays.meaning })
  removalDays!: number;

  @ApiProperty({ description: SYSTEM_NUMBERS.statistics1sMinutes.meaning })
  statistics1sMinutes!: number;

  @ApiProperty({ description: SYSTEM_NUMBERS.statistics1mDays.meaning })
  statistics1mDays!: number;

  @ApiProperty({ description: SYSTEM_NUMBERS.statistics1hDays.meaning })
  statistics1hDays!: number;

  @ApiProperty({ description: SYSTEM_NUMBERS.statistics1dDays.meaning })
  statistics1dDays!: number;

  @ApiProperty({ description: SYSTEM_NUMBERS.processHours.meaning })
  processHours!: number;

  @ApiProperty({ description: SYSTEM_NUMBERS.alarmDays.meaning })
  alarmDays!: number;

  @ApiProperty({ description: SYSTEM_NUMBERS.sessionIdleMinutes.meaning })
  sessionIdleMinutes!: number;

  @ApiProperty({ description: SYSTEM_NUMBERS.sessionHours.meaning })
  sessionHours!: number;
}
