import { Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import type { Caller } from '../http/token.guard.ts';
import { CommandReader } from './command-reader.ts';
import { CommandDto, CommandListDto, CommandListQuery } from './command.dto.ts';

@ApiController('commands', 'Commands')
export class CommandsController {
  constructor(@Inject(CommandReader) private readonly commands: CommandReader) {}

  /** Commands that came through the API, newest first, with what became of them. */
  @Get()
  @Allows('viewer', 'filtered')
  @ApiOkResponse({ type: CommandListDto })
  list(@Query() query: CommandListQuery, @CallerOf() caller: Caller): Promise<CommandListDto> {
    return this.commands.list(query, caller);
  }

  @Get(':id')
  @Allows('viewer', 'filtered')
  @ApiOkResponse({ type: CommandDto })
  get(@Param('id') id: string, @CallerOf() caller: Caller): Promise<CommandDto> {
    return this.commands.get(id, caller);
  }
}
