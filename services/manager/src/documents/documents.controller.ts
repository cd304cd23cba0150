import { Body, Get, Header, Headers, Inject, Param, Put, Query, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiOkResponse, ApiProduces } from '@nestjs/swagger';
import type { ServerResponse } from 'node:http';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith, OF_DEFINITIONS } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import { CallerOf } from '../http/caller.decorator.ts';
import { TakesComment } from '../http/comment.decorator.ts';
import type { Caller } from '../http/token.guard.ts';
import { ChannelDocumentDto, DocumentPlanDto, DocumentQuery } from './document.dto.ts';
import { DocumentService } from './document.service.ts';

const YAML = 'application/yaml';

@ApiController('channels/:name/document', 'Channels')
export class DocumentsController {
  constructor(@Inject(DocumentService) private readonly documents: DocumentService) {}

  /** The whole channel as YAML: pipelines, parameters, mappings, alarm rules. Data sources and receivers are named; no secrets. */
  @Get()
  @Allows('viewer', { channelName: 'name' })
  @Header('content-type', `${YAML}; charset=utf-8`)
  @ApiProduces(YAML)
  @ApiOkResponse({ schema: { type: 'string' } })
  async get(@Param('name') name: string, @Res({ passthrough: true }) response: ServerResponse): Promise<string> {
    const { text, tag } = await this.documents.get(name);
    response.setHeader('etag', `"${tag}"`);
    return text;
  }

  /** Makes the channel what the document (YAML or JSON) says, in one step or not at all. Sent twice, the second one changes nothing. */
  @Put()
  @Allows('admin', { channelName: 'name' })
  @FailsWith(...OF_DEFINITIONS)
  @TakesComment()
  @ApiConsumes(YAML, 'application/json')
  @ApiBody({ type: ChannelDocumentDto })
  @ApiOkResponse({ type: DocumentPlanDto })
  put(
    @Param('name') name: string,
    @Body() body: unknown,
    @Query() query: DocumentQuery,
    @CallerOf() caller: Caller,
    @Headers('if-match') ifMatch?: string,
  ): Promise<DocumentPlanDto> {
    return this.documents.put(name, { body, query }, { caller, ifMatch });
  }
}
