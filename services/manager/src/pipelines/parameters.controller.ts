import { Get } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { defaultOf, PARAMETER_NAMES, PARAMETERS, waitsForRestart } from './parameter-catalogue.ts';
import type { ParameterName } from './parameter-catalogue.ts';
import { ParameterListDto } from './parameter.dto.ts';
import type { ParameterDto } from './parameter.dto.ts';

@ApiController('parameters', 'Pipelines')
export class ParametersController {
  /** Every parameter of a pipeline: range, unit, default, and from when a change counts. */
  @Get()
  @Allows('viewer', 'filtered')
  @ApiOkResponse({ type: ParameterListDto })
  list(): ParameterListDto {
    const items = PARAMETER_NAMES.map(dtoOf);
    return { items, total: items.length };
  }
}

const dtoOf = (name: ParameterName): ParameterDto => ({
  ...{ name, default: defaultOf(name) },
  ...PARAMETERS[name],
  waitsForRestart: waitsForRestart(PARAMETERS[name].takesEffect),
});
