import { Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CommandReader } from './command-reader.ts';
import { CommandDto, CommandListDto, CommandListQuery } from './command.dto.ts';

@ApiController('commands', 'Commands')
export class CommandsController {
  constructor(@Inject(CommandReader) private readonly commands: CommandReader) {}

  /** Commands that came through the API, newest first, with what became of them. */
  @Get()
  @ApiOkResponse({ type: CommandListDto })
  list(@Query() query: CommandListQuery): Promise<CommandListDto> {
    return this.commands.list(query);
  }

  @Get(':id')
  @ApiOkResponse({ type: CommandDto })
  get(@Param('id') id: string): Promise<CommandDto> {
    return this.commands.get(id);
  }
}
