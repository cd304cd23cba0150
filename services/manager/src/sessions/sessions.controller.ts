import { Body, Delete, Get, HttpCode, Inject, Ip, Post, Put } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import type { Caller } from '../access/caller.ts';
import { FailsWith } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { PasswordChangeDto } from '../users/user.dto.ts';
import { CallerDto, LoginDto, SessionStartedDto } from './session.dto.ts';
import { callerDtoOf, SessionService } from './session.service.ts';

@ApiController('', 'Sessions')
export class SessionsController {
  constructor(@Inject(SessionService) private readonly sessions: SessionService) {}

  /** Starts a session of a user. */
  @Post('login')
  @Allows('anybody')
  @FailsWith('LOGIN_FAILED', 'LOGIN_BLOCKED')
  @ApiCreatedResponse({ type: SessionStartedDto })
  logIn(@Body() body: LoginDto, @Ip() address: string): Promise<SessionStartedDto> {
    return this.sessions.logIn(body, address);
  }

  /** Who asks, and what that one may do. */
  @Get('session')
  @Allows('viewer', 'filtered')
  @ApiOkResponse({ type: CallerDto })
  get(@CallerOf() caller: Caller): CallerDto {
    return callerDtoOf(caller);
  }

  /** Another token for the same session. The one of before ends the session should it ever be used again. */
  @Post('session/refresh')
  @Allows('viewer', 'filtered')
  @FailsWith('RESOURCE_CONFLICT')
  @HttpCode(200)
  @ApiOkResponse({ type: SessionStartedDto })
  refresh(@CallerOf() caller: Caller): Promise<SessionStartedDto> {
    return this.sessions.refresh(caller);
  }

  /** Logs out. */
  @Delete('session')
  @Allows('viewer', 'filtered')
  @FailsWith('RESOURCE_CONFLICT')
  @HttpCode(204)
  @ApiNoContentResponse()
  logOut(@CallerOf() caller: Caller): Promise<void> {
    return this.sessions.logOut(caller);
  }

  /** Changes the user's own password and ends the user's other sessions. */
  @Put('session/password')
  @Allows('viewer', 'filtered')
  @FailsWith('RESOURCE_CONFLICT', 'LOGIN_FAILED', 'LOGIN_BLOCKED')
  @HttpCode(204)
  @ApiNoContentResponse()
  changePassword(@Body() body: PasswordChangeDto, @CallerOf() caller: Caller, @Ip() address: string): Promise<void> {
    return this.sessions.changePassword(caller, body, address);
  }
}
