import { Body, Delete, Get, Headers, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import type { Caller } from '../access/caller.ts';
import { FailsWith } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { ListQuery } from '../http/list-query.dto.ts';
import { UserCreateDto, UserDto, UserListDto, UserPatchDto } from './user.dto.ts';
import { UserService } from './user.service.ts';

@ApiController('users', 'Users')
export class UsersController {
  constructor(@Inject(UserService) private readonly users: UserService) {}

  @Get()
  @Allows('admin')
  @ApiOkResponse({ type: UserListDto })
  list(@Query() query: ListQuery): Promise<UserListDto> {
    return this.users.list(query);
  }

  @Get(':id')
  @Allows('admin')
  @ApiOkResponse({ type: UserDto })
  get(@Param('id') id: string): Promise<UserDto> {
    return this.users.get(id);
  }

  @Post()
  @Allows('admin')
  @FailsWith('RESOURCE_CONFLICT')
  @ApiCreatedResponse({ type: UserDto })
  create(@Body() body: UserCreateDto, @CallerOf() caller: Caller): Promise<UserDto> {
    return this.users.create(body, caller);
  }

  /** Role, channels, or another password, which ends all sessions of the user. */
  @Patch(':id')
  @Allows('admin')
  @FailsWith('RESOURCE_CONFLICT')
  @ApiOkResponse({ type: UserDto })
  change(
    @Param('id') id: string,
    @Body() body: UserPatchDto,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<UserDto> {
    return this.users.change(id, body, { caller, ifMatch });
  }

  @Delete(':id')
  @Allows('admin')
  @HttpCode(204)
  @ApiNoContentResponse()
  remove(@Param('id') id: string, @CallerOf() caller: Caller, @Headers('if-match') ifMatch?: string): Promise<void> {
    return this.users.remove(id, { caller, ifMatch });
  }
}
