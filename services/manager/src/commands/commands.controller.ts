import { Get, Inject, Param } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CommandDto } from './command.dto.ts';
import { CommandService } from './command.service.ts';

@ApiController('commands', 'Commands')
export class CommandsController {
  constructor(@Inject(CommandService) private readonly commands: CommandService) {}

  @Get(':id')
  @ApiOkResponse({ type: CommandDto })
  get(@Param('id') id: string): Promise<CommandDto> {
    return this.commands.get(id);
  }
}
