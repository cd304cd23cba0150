import { Inject } from '@nestjs/common';
import type { DynamicModule, OnModuleInit } from '@nestjs/common';
import { APP_FILTER, ModulesContainer } from '@nestjs/core';
import type { Logger } from 'pino';
import { requireAllowances } from './access/require-allowances.ts';
import { AlarmRuleRevisionsController } from './alarms/alarm-rule-revisions.controller.ts';
import { AlarmRulesController } from './alarms/alarm-rules.controller.ts';
import { AlarmsController } from './alarms/alarms.controller.ts';
import { ApiKeysController } from './api-keys/api-keys.controller.ts';
import { AuditController } from './audit/audit.controller.ts';
import { ChannelsController } from './channels/channels.controller.ts';
import { CommandsController } from './commands/commands.controller.ts';
import { ConflictsController } from './conflicts/conflicts.controller.ts';
import { DataSourcesController } from './data-sources/data-sources.controller.ts';
import { DeadLettersController } from './dead-letters/dead-letters.controller.ts';
import { DocumentsController } from './documents/documents.controller.ts';
import { EventsController } from './events/events.controller.ts';
import { ProblemFilter } from './http/problem.filter.ts';
import { InstancesController } from './instances/instances.controller.ts';
import { LogsController } from './logs/logs.controller.ts';
import { LookupsController } from './lookups/lookups.controller.ts';
import { MappingsController } from './mappings/mappings.controller.ts';
import { ParametersController } from './pipelines/parameters.controller.ts';
import { PipelineViewsController } from './pipelines/pipeline-views.controller.ts';
import { PipelinesController } from './pipelines/pipelines.controller.ts';
import { PreChecksController } from './pre-check/pre-checks.controller.ts';
import { GroupChecksController } from './group-checks/group-checks.controller.ts';
import { PositionsController } from './positions/positions.controller.ts';
import { ReceiversController } from './receivers/receivers.controller.ts';
import { RemovalsController } from './removals/removals.controller.ts';
import { ResyncsController } from './resyncs/resyncs.controller.ts';
import { RevisionsController } from './revisions/revisions.controller.ts';
import { RunbookLinks } from './runbook/runbook-links.ts';
import { SecretsController } from './secrets/secrets.controller.ts';
import { SessionsController } from './sessions/sessions.controller.ts';
import { ProcessesController } from './statistics/processes.controller.ts';
import { PreviewsController } from './preview/previews.controller.ts';
import { SkipsController } from './skips/skips.controller.ts';
import { StatisticsController } from './statistics/statistics.controller.ts';
import { SystemParameterRevisionsController } from './system-parameters/system-parameter-revisions.controller.ts';
import { SystemParametersController } from './system-parameters/system-parameters.controller.ts';
import { UsersController } from './users/users.controller.ts';

/** Wires the manager's services, each under its class, to the controllers. */
export class ManagerModule implements OnModuleInit {
  constructor(@Inject(ModulesContainer) private readonly modules: ModulesContainer) {}

  static of(services: readonly object[], log: Logger): DynamicModule {
    return {
      module: ManagerModule,
      controllers: [
        AlarmRuleRevisionsController,
        AlarmRulesController,
        AlarmsController,
        ApiKeysController,
        AuditController,
        ChannelsController,
        CommandsController,
        ConflictsController,
        DataSourcesController,
        DeadLettersController,
        DocumentsController,
        EventsController,
        InstancesController,
        LogsController,
        LookupsController,
        MappingsController,
        ParametersController,
        PipelinesController,
        PipelineViewsController,
        PreChecksController,
        GroupChecksController,
        PositionsController,
        PreviewsController,
        ProcessesController,
        ReceiversController,
        RemovalsController,
        ResyncsController,
        RevisionsController,
        SecretsController,
        SessionsController,
        SkipsController,
        StatisticsController,
        SystemParameterRevisionsController,
        SystemParametersController,
        UsersController,
      ],
      providers: [
        {
          provide: APP_FILTER,
          useFactory: (links: RunbookLinks) => new ProblemFilter(log, links),
          inject: [RunbookLinks],
        },
        ...services.map((service) => ({ provide: service.constructor, useValue: service })),
      ],
    };
  }

  /** Before the first request: the service does not start with a route that says nothing about who may use it. */
  onModuleInit(): void {
    requireAllowances(this.modules);
  }
}
