import { Get, Inject } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { SecretsDto } from './secret.dto.ts';
import { SecretService } from './secret.service.ts';

@ApiController('secrets', 'System')
export class SecretsController {
  constructor(@Inject(SecretService) private readonly secrets: SecretService) {}

  /** Under which keys passwords stand: an old key may go when nothing does any more. No secret is shown. */
  @Get()
  @Allows('admin')
  @ApiOkResponse({ type: SecretsDto })
  get(): Promise<SecretsDto> {
    return this.secrets.get();
  }
}
