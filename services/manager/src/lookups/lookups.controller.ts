import { Get, Inject, Param, Query } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import { Allows } from '../access/allows.decorator.ts';
import { FailsWith, OF_DATABASES } from '../api-document/fails-with.decorator.ts';
import { ApiController } from '../http/api-controller.decorator.ts';
import type { Plain } from '../http/plain.ts';
import { LookupQuery, MatchListDto, MatchQuery, SchemaListDto, TableDetailDto, TableListDto } from './lookup.dto.ts';
import { TableLookup } from './table-lookup.ts';

@ApiController('data-sources/:id', 'Data sources')
export class LookupsController {
  constructor(@Inject(TableLookup) private readonly lookup: TableLookup) {}

  /** Schemas that the user of the data source may see, as they are now. */
  @Get('schemas')
  @Allows('viewer', { dataSource: 'id' })
  @FailsWith(...OF_DATABASES)
  @ApiOkResponse({ type: SchemaListDto })
  schemas(@Param('id') id: string, @Query() query: LookupQuery): Promise<SchemaListDto> {
    return this.lookup.schemas(id, query);
  }

  /** Tables and views of a schema. */
  @Get('schemas/:schema/tables')
  @Allows('viewer', { dataSource: 'id' })
  @FailsWith(...OF_DATABASES)
  @ApiOkResponse({ type: TableListDto })
  tables(@Param() { id, schema }: Record<'id' | 'schema', string>, @Query() query: LookupQuery): Promise<TableListDto> {
    return this.lookup.tables(id, schema, query);
  }

  /** A table with its columns, keys, foreign keys and triggers. */
  @Get('schemas/:schema/tables/:table')
  @Allows('viewer', { dataSource: 'id' })
  @FailsWith(...OF_DATABASES)
  @ApiOkResponse({ type: TableDetailDto })
  table(@Param() { id, schema, table }: Record<'id' | 'schema' | 'table', string>): Promise<Plain<TableDetailDto>> {
    return this.lookup.table(id, schema, table);
  }

  /** What a mapping of this pattern would cover now, and under which names. */
  @Get('matches')
  @Allows('viewer', { dataSource: 'id' })
  @FailsWith('MAPPING_REGEX_INVALID', 'MAPPING_REGEX_UNSAFE', 'MAPPING_RESERVED_SCHEMA', ...OF_DATABASES)
  @ApiOkResponse({ type: MatchListDto })
  matches(@Param('id') id: string, @Query() query: MatchQuery): Promise<MatchListDto> {
    return this.lookup.matches(id, query);
  }
}
