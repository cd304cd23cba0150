// Generated from docs/openapi.json by `npm run docs`: do not edit.

/** What each route takes and answers, by method and path below /api/v1. */
export interface Routes {
  GET: {
    '/alarm-rules/{id}/revisions': { args: [request: { readonly path: { readonly id: string }; readonly query?: { readonly page?: number; readonly pageSize?: number } }]; answer: RevisionListDto };
    '/alarm-rules/{id}/revisions/{number}': { args: [request: { readonly path: { readonly id: string; readonly number: string } }]; answer: SettingRevisionDto };
    '/alarm-rules/{id}/revisions/{before}/diff/{after}': { args: [request: { readonly path: { readonly id: string; readonly before: string; readonly after: string } }]; answer: RevisionDiffDto };
    '/alarm-rules': { args: [request?: { readonly query?: { readonly page?: number; readonly pageSize?: number; readonly name?: string; readonly sort?: "id" | "-id" | "name" | "-name" | "createdAt" | "-createdAt" | "updatedAt" | "-updatedAt" } }]; answer: AlarmRuleListDto };
    '/alarm-rules/{id}': { args: [request: { readonly path: { readonly id: string } }]; answer: AlarmRuleDto };
    '/alarms': { args: [request?: { readonly query?: { readonly page?: number; readonly pageSize?: number; readonly state?: "open" | "unknown" | "pending" | "firing" | "acknowledged" | "resolved"; readonly kind?: "delay" | "noProgress" | "processAge" | "positionNotMoving" | "queueAge" | "errorKeyword" | "conflictRate" | "deadLetters" | "instanceLost" | "binlogRetentionRisk" | "disk"; readonly severity?: "urgent" | "important" | "normal"; readonly ruleId?: string; readonly pipelineId?: string } }]; answer: AlarmListDto };
    '/alarms/{id}': { args: [request: { readonly path: { readonly id: string } }]; answer: AlarmDetailDto };
    '/api-keys': { args: [request?: { readonly query?: { readonly page?: number; readonly pageSize?: number; readonly name?: string; readonly sort?: "id" | "-id" | "name" | "-name" | "createdAt" | "-createdAt" | "updatedAt" | "-updatedAt" } }]; answer: ApiKeyListDto };
    '/api-keys/{id}': { args: [request: { readonly path: { readonly id: string } }]; answer: ApiKeyDto };
    '/audit': { args: [request?: { readonly query?: { readonly page?: number; readonly pageSize?: number; readonly resourceId?: string } }]; answer: AuditListDto };
    '/audit/verify': { args: [request?: { readonly query?: { readonly after?: number } }]; answer: AuditCheckDto };
    '/channels': { args: [request?: { readonly query?: { readonly page?: number; readonly pageSize?: number; readonly name?: string; readonly sort?: "id" | "-id" | "name" | "-name" | "createdAt" | "-createdAt" | "updatedAt" | "-updatedAt" } }]; answer: ChannelListDto };
    '/channels/{id}': { args: [request: { readonly path: { readonly id: string } }]; answer: ChannelDto };
    '/commands': { args: [request?: { readonly query?: { readonly page?: number; readonly pageSize?: number; readonly pipelineId?: string; readonly kind?: "START" | "STOP" | "PAUSE" | "ROLLBACK" | "RESTART" | "WARNING"; readonly author?: string } }]; answer: CommandListDto };
    '/commands/{id}': { args: [request: { readonly path: { readonly id: string } }]; answer: CommandDto };
    '/conflicts': { args: [request?: { readonly query?: { readonly page?: number; readonly pageSize?: number; readonly pipelineId?: string; readonly schema?: string; readonly table?: string; readonly from?: string; readonly to?: string; readonly sort?: "createdAt" | "-createdAt"; readonly type?: "target-row-missing" | "row-differs" | "unique-clash"; readonly decision?: "inserted" | "overwritten" | "ignored" | "kept" | "merged" | "deadLettered" } }]; answer: ConflictListDto };
    '/conflicts/{id}': { args: [request: { readonly path: { readonly id: string } }]; answer: ConflictDto };
    '/data-sources': { args: [request?: { readonly query?: { readonly page?: number; readonly pageSize?: number; readonly name?: string; readonly sort?: "id" | "-id" | "name" | "-name" | "createdAt" | "-createdAt" | "updatedAt" | "-updatedAt" } }]; answer: DataSourceListDto };
    '/data-sources/{id}': { args: [request: { readonly path: { readonly id: string } }]; answer: DataSourceDto };
    '/dead-letters': { args: [request?: { readonly query?: { readonly page?: number; readonly pageSize?: number; readonly pipelineId?: string; readonly schema?: string; readonly table?: string; readonly from?: string; readonly to?: string; readonly sort?: "createdAt" | "-createdAt"; readonly state?: string; readonly code?: string } }]; answer: DeadLetterListDto };
    '/dead-letters/{id}': { args: [request: { readonly path: { readonly id: string } }]; answer: DeadLetterDto };
    '/channels/{name}/document': { args: [request: { readonly path: { readonly name: string } }]; answer: string };
    '/events': { args: [request?: { readonly query?: { readonly kinds?: string; readonly since?: string; readonly limit?: number } }]; answer: EventListDto };
    '/instances': { args: []; answer: InstanceListDto };
    '/instances/{id}': { args: [request: { readonly path: { readonly id: string } }]; answer: InstanceDetailDto };
    '/logs': { args: [request?: { readonly query?: { readonly service?: "select" | "extract" | "transform" | "load" | "arbiter" | "manager"; readonly level?: "warn" | "error"; readonly pipeline?: string; readonly traceId?: string; readonly since?: string; readonly limit?: number } }]; answer: LogListDto };
    '/data-sources/{id}/schemas': { args: [request: { readonly path: { readonly id: string }; readonly query?: { readonly page?: number; readonly pageSize?: number; readonly name?: string } }]; answer: SchemaListDto };
    '/data-sources/{id}/schemas/{schema}/tables': { args: [request: { readonly path: { readonly id: string; readonly schema: string }; readonly query?: { readonly page?: number; readonly pageSize?: number; readonly name?: string } }]; answer: TableListDto };
    '/data-sources/{id}/schemas/{schema}/tables/{table}': { args: [request: { readonly path: { readonly id: string; readonly schema: string; readonly table: string } }]; answer: TableDetailDto };
    '/data-sources/{id}/matches': { args: [request: { readonly path: { readonly id: string }; readonly query: { readonly page?: number; readonly pageSize?: number; readonly schema: string; readonly exact?: string; readonly regex?: string; readonly range?: string; readonly target?: string } }]; answer: MatchListDto };
    '/pipelines/{pipelineId}/mappings': { args: [request: { readonly path: { readonly pipelineId: string }; readonly query?: { readonly page?: number; readonly pageSize?: number } }]; answer: MappingListDto };
    '/pipelines/{pipelineId}/mappings/resolve': { args: [request: { readonly path: { readonly pipelineId: string }; readonly query: { readonly schema: string; readonly table: string } }]; answer: TableResolutionDto };
    '/pipelines/{pipelineId}/mappings/{id}': { args: [request: { readonly path: { readonly pipelineId: string; readonly id: string } }]; answer: MappingDto };
    '/parameters': { args: []; answer: ParameterListDto };
    '/pipelines': { args: [request?: { readonly query?: { readonly page?: number; readonly pageSize?: number; readonly name?: string; readonly sort?: "id" | "-id" | "name" | "-name" | "createdAt" | "-createdAt" | "updatedAt" | "-updatedAt"; readonly channelId?: string } }]; answer: PipelineListDto };
    '/pipelines/{id}': { args: [request: { readonly path: { readonly id: string } }]; answer: PipelineStateDto };
    '/pipelines/{id}/processes': { args: [request: { readonly path: { readonly id: string } }]; answer: ProcessListDto };
    '/pipelines/{id}/events': { args: [request: { readonly path: { readonly id: string }; readonly query?: { readonly kinds?: string; readonly since?: string; readonly limit?: number } }]; answer: EventListDto };
    '/pipelines/{id}/pre-check': { args: [request: { readonly path: { readonly id: string } }]; answer: PreCheckDto };
    '/pipelines/{pipelineId}/mappings/{id}/group-check': { args: [request: { readonly path: { readonly pipelineId: string; readonly id: string } }]; answer: GroupCheckAnswerDto };
    '/pipelines/{id}/positions': { args: [request: { readonly path: { readonly id: string } }]; answer: PositionDto };
    '/pipelines/{id}/positions/history': { args: [request: { readonly path: { readonly id: string }; readonly query?: { readonly from?: string; readonly to?: string; readonly limit?: number } }]; answer: PositionHistoryDto };
    '/processes': { args: [request: { readonly query: { readonly page?: number; readonly pageSize?: number; readonly pipelineId: string; readonly from?: string; readonly to?: string; readonly slowest?: boolean } }]; answer: ProcessListDto };
    '/receivers': { args: [request?: { readonly query?: { readonly page?: number; readonly pageSize?: number; readonly name?: string; readonly sort?: "id" | "-id" | "name" | "-name" | "createdAt" | "-createdAt" | "updatedAt" | "-updatedAt" } }]; answer: ReceiverListDto };
    '/receivers/{id}': { args: [request: { readonly path: { readonly id: string } }]; answer: ReceiverDto };
    '/removals': { args: [request?: { readonly query?: { readonly page?: number; readonly pageSize?: number } }]; answer: RemovalListDto };
    '/removals/{id}': { args: [request: { readonly path: { readonly id: string } }]; answer: RemovalDto };
    '/pipelines/{pipelineId}/resyncs': { args: [request: { readonly path: { readonly pipelineId: string } }]; answer: ResyncListDto };
    '/pipelines/{pipelineId}/resyncs/{id}': { args: [request: { readonly path: { readonly pipelineId: string; readonly id: string } }]; answer: ResyncDto };
    '/pipelines/{pipelineId}/revisions': { args: [request: { readonly path: { readonly pipelineId: string }; readonly query?: { readonly page?: number; readonly pageSize?: number } }]; answer: RevisionListDto };
    '/pipelines/{pipelineId}/revisions/{number}': { args: [request: { readonly path: { readonly pipelineId: string; readonly number: string } }]; answer: RevisionDetailDto };
    '/pipelines/{pipelineId}/revisions/{before}/diff/{after}': { args: [request: { readonly path: { readonly pipelineId: string; readonly before: string; readonly after: string } }]; answer: RevisionDiffDto };
    '/secrets': { args: []; answer: SecretsDto };
    '/session': { args: []; answer: CallerDto };
    '/pipelines/{pipelineId}/skips': { args: [request: { readonly path: { readonly pipelineId: string } }]; answer: SkipListDto };
    '/pipelines/{pipelineId}/skips/preview': { args: [request: { readonly path: { readonly pipelineId: string }; readonly query: { readonly gtid: string } }]; answer: SkipPreviewDto };
    '/statistics': { args: [request?: { readonly query?: { readonly from?: string; readonly to?: string; readonly step?: "1s" | "1m" | "1h" | "1d"; readonly pipelineId?: string; readonly channelId?: string } }]; answer: StatisticsDto };
    '/statistics/tables': { args: [request: { readonly query: { readonly from?: string; readonly to?: string; readonly step?: "1s" | "1m" | "1h" | "1d"; readonly pipelineId: string; readonly table?: string } }]; answer: TableStatisticsDto };
    '/system-parameters/revisions': { args: [request?: { readonly query?: { readonly page?: number; readonly pageSize?: number } }]; answer: RevisionListDto };
    '/system-parameters/revisions/{number}': { args: [request: { readonly path: { readonly number: string } }]; answer: SettingRevisionDto };
    '/system-parameters/revisions/{before}/diff/{after}': { args: [request: { readonly path: { readonly before: string; readonly after: string } }]; answer: RevisionDiffDto };
    '/system-parameters': { args: []; answer: SystemParametersDto };
    '/users': { args: [request?: { readonly query?: { readonly page?: number; readonly pageSize?: number; readonly name?: string; readonly sort?: "id" | "-id" | "name" | "-name" | "createdAt" | "-createdAt" | "updatedAt" | "-updatedAt" } }]; answer: UserListDto };
    '/users/{id}': { args: [request: { readonly path: { readonly id: string } }]; answer: UserDto };
  };
  POST: {
    '/alarm-rules/{id}/revisions/{number}/rollback': { args: [request: { readonly path: { readonly id: string; readonly number: string }; readonly headers?: { readonly 'If-Match'?: string; readonly 'X-Comment'?: string } }]; answer: AlarmRuleDto };
    '/alarm-rules': { args: [request: { readonly headers?: { readonly 'X-Comment'?: string }; readonly body: AlarmRuleCreateDto }]; answer: AlarmRuleDto };
    '/alarms/{id}/acknowledge': { args: [request: { readonly path: { readonly id: string }; readonly headers?: { readonly 'If-Match'?: string }; readonly body: AcknowledgeDto }]; answer: AlarmDto };
    '/api-keys': { args: [request: { readonly body: ApiKeyCreateDto }]; answer: ApiKeyCreatedDto };
    '/channels': { args: [request: { readonly body: ChannelCreateDto }]; answer: ChannelDto };
    '/channels/{id}/commands': { args: [request: { readonly path: { readonly id: string }; readonly headers?: { readonly 'Idempotency-Key'?: string }; readonly body: CommandRequestDto }]; answer: CommandsAcceptedDto };
    '/data-sources': { args: [request: { readonly body: DataSourceCreateDto }]; answer: DataSourceDto };
    '/data-sources/{id}/check': { args: [request: { readonly path: { readonly id: string } }]; answer: DataSourceCheckDto };
    '/data-sources/{id}/switch': { args: [request: { readonly path: { readonly id: string }; readonly headers?: { readonly 'If-Match'?: string; readonly 'X-Comment'?: string }; readonly body: DataSourceSwitchDto }]; answer: DataSourceDto };
    '/dead-letters/retry': { args: [request: { readonly body: DeadLetterSelectionDto }]; answer: TargetChangeDto };
    '/dead-letters/discard': { args: [request: { readonly body: DeadLetterSelectionDto }]; answer: TargetChangeDto };
    '/dead-letters/{id}/retry': { args: [request: { readonly path: { readonly id: string } }]; answer: DeadLetterDto };
    '/dead-letters/{id}/discard': { args: [request: { readonly path: { readonly id: string } }]; answer: DeadLetterDto };
    '/instances/{id}/drain': { args: [request: { readonly path: { readonly id: string }; readonly body: InstanceReasonDto }]; answer: InstanceDetailDto };
    '/instances/{id}/maintenance': { args: [request: { readonly path: { readonly id: string }; readonly body: InstanceReasonDto }]; answer: InstanceDetailDto };
    '/instances/{id}/resume': { args: [request: { readonly path: { readonly id: string }; readonly body: InstanceReasonDto }]; answer: InstanceDetailDto };
    '/pipelines/{pipelineId}/mappings': { args: [request: { readonly path: { readonly pipelineId: string }; readonly headers?: { readonly 'X-Comment'?: string }; readonly body: MappingCreateDto }]; answer: MappingDto };
    '/pipelines/{pipelineId}/mappings/import': { args: [request: { readonly path: { readonly pipelineId: string }; readonly query?: { readonly dryRun?: boolean }; readonly headers?: { readonly 'If-Match'?: string; readonly 'X-Comment'?: string }; readonly body: MappingImportDto }]; answer: MappingImportResultDto };
    '/pipelines': { args: [request: { readonly headers?: { readonly 'X-Comment'?: string }; readonly body: PipelineCreateDto }]; answer: PipelineDto };
    '/pipelines/{id}/move': { args: [request: { readonly path: { readonly id: string }; readonly headers?: { readonly 'Idempotency-Key'?: string }; readonly body: MoveRequestDto }]; answer: CommandAcceptedDto };
    '/pipelines/{id}/commands': { args: [request: { readonly path: { readonly id: string }; readonly headers?: { readonly 'Idempotency-Key'?: string }; readonly body: CommandRequestDto }]; answer: CommandAcceptedDto };
    '/pipelines/{id}/pre-check': { args: [request: { readonly path: { readonly id: string } }]; answer: PreCheckDto };
    '/pipelines/{id}/positions/preview': { args: [request: { readonly path: { readonly id: string }; readonly body: RewindPreviewRequestDto }]; answer: RewindPreviewDto };
    '/pipelines/{id}/positions/rewind': { args: [request: { readonly path: { readonly id: string }; readonly headers?: { readonly 'If-Match'?: string }; readonly body: RewindRequestDto }]; answer: RewindPreviewDto };
    '/mappings/preview': { args: [request: { readonly body: PreviewRequestDto }]; answer: PreviewDto };
    '/receivers': { args: [request: { readonly body: ReceiverCreateDto }]; answer: ReceiverDto };
    '/receivers/{id}/test-send': { args: [request: { readonly path: { readonly id: string } }]; answer: TestSendDto };
    '/pipelines/{pipelineId}/resync': { args: [request: { readonly path: { readonly pipelineId: string }; readonly headers?: { readonly 'X-Comment'?: string }; readonly body: ResyncRequestDto }]; answer: ResyncDto };
    '/pipelines/{pipelineId}/resyncs/{id}/stop': { args: [request: { readonly path: { readonly pipelineId: string; readonly id: string }; readonly headers?: { readonly 'X-Comment'?: string } }]; answer: ResyncDto };
    '/pipelines/{pipelineId}/revisions/{number}/rollback': { args: [request: { readonly path: { readonly pipelineId: string; readonly number: string }; readonly headers?: { readonly 'If-Match'?: string; readonly 'X-Comment'?: string }; readonly body: RollbackDto }]; answer: PipelineDetailDto };
    '/login': { args: [request: { readonly body: LoginDto }]; answer: SessionStartedDto };
    '/session/refresh': { args: []; answer: SessionStartedDto };
    '/pipelines/{pipelineId}/skips': { args: [request: { readonly path: { readonly pipelineId: string }; readonly headers?: { readonly 'If-Match'?: string; readonly 'X-Comment'?: string }; readonly body: SkipCreateDto }]; answer: SkipDto };
    '/system-parameters/revisions/{number}/rollback': { args: [request: { readonly path: { readonly number: string }; readonly headers?: { readonly 'If-Match'?: string; readonly 'X-Comment'?: string } }]; answer: SystemParametersDto };
    '/users': { args: [request: { readonly body: UserCreateDto }]; answer: UserDto };
  };
  PUT: {
    '/channels/{name}/document': { args: [request: { readonly path: { readonly name: string }; readonly query?: { readonly discardDeadLetters?: "true" | "false"; readonly dryRun?: "true" | "false"; readonly prune?: "true" | "false"; readonly confirm?: "apply" }; readonly headers?: { readonly 'If-Match'?: string; readonly 'X-Comment'?: string }; readonly body: string | ChannelDocumentDto }]; answer: DocumentPlanDto };
    '/instances/log-level': { args: [request: { readonly body: LogLevelDto }]; answer: InstanceListDto };
    '/session/password': { args: [request: { readonly body: PasswordChangeDto }]; answer: undefined };
  };
  PATCH: {
    '/alarm-rules/{id}': { args: [request: { readonly path: { readonly id: string }; readonly headers?: { readonly 'If-Match'?: string; readonly 'X-Comment'?: string }; readonly body: AlarmRulePatchDto }]; answer: AlarmRuleDto };
    '/channels/{id}': { args: [request: { readonly path: { readonly id: string }; readonly headers?: { readonly 'If-Match'?: string }; readonly body: ChannelPatchDto }]; answer: ChannelDto };
    '/data-sources/{id}': { args: [request: { readonly path: { readonly id: string }; readonly headers?: { readonly 'If-Match'?: string; readonly 'X-Comment'?: string }; readonly body: DataSourcePatchDto }]; answer: DataSourceDto };
    '/dead-letters/{id}': { args: [request: { readonly path: { readonly id: string }; readonly body: DeadLetterEditDto }]; answer: DeadLetterDto };
    '/instances/{id}': { args: [request: { readonly path: { readonly id: string }; readonly body: InstancePatchDto }]; answer: InstanceDetailDto };
    '/pipelines/{pipelineId}/mappings/{id}': { args: [request: { readonly path: { readonly pipelineId: string; readonly id: string }; readonly headers?: { readonly 'If-Match'?: string; readonly 'X-Comment'?: string }; readonly body: MappingPatchDto }]; answer: MappingDto };
    '/pipelines/{id}': { args: [request: { readonly path: { readonly id: string }; readonly headers?: { readonly 'If-Match'?: string; readonly 'X-Comment'?: string }; readonly body: PipelinePatchDto }]; answer: PipelineChangedDto };
    '/receivers/{id}': { args: [request: { readonly path: { readonly id: string }; readonly headers?: { readonly 'If-Match'?: string }; readonly body: ReceiverPatchDto }]; answer: ReceiverDto };
    '/system-parameters': { args: [request: { readonly headers?: { readonly 'If-Match'?: string; readonly 'X-Comment'?: string }; readonly body: SystemParametersPatchDto }]; answer: SystemParametersDto };
    '/users/{id}': { args: [request: { readonly path: { readonly id: string }; readonly headers?: { readonly 'If-Match'?: string }; readonly body: UserPatchDto }]; answer: UserDto };
  };
  DELETE: {
    '/alarm-rules/{id}': { args: [request: { readonly path: { readonly id: string }; readonly headers?: { readonly 'If-Match'?: string } }]; answer: undefined };
    '/api-keys/{id}': { args: [request: { readonly path: { readonly id: string }; readonly headers?: { readonly 'If-Match'?: string } }]; answer: undefined };
    '/channels/{id}': { args: [request: { readonly path: { readonly id: string }; readonly headers?: { readonly 'If-Match'?: string } }]; answer: undefined };
    '/conflicts': { args: [request: { readonly query: { readonly pipelineId: string; readonly before: string } }]; answer: TargetChangeDto };
    '/data-sources/{id}': { args: [request: { readonly path: { readonly id: string }; readonly headers?: { readonly 'If-Match'?: string } }]; answer: undefined };
    '/dead-letters': { args: [request: { readonly query: { readonly pipelineId: string; readonly before: string } }]; answer: TargetChangeDto };
    '/pipelines/{pipelineId}/mappings/{id}': { args: [request: { readonly path: { readonly pipelineId: string; readonly id: string }; readonly headers?: { readonly 'If-Match'?: string; readonly 'X-Comment'?: string } }]; answer: undefined };
    '/pipelines/{id}': { args: [request: { readonly path: { readonly id: string }; readonly query?: { readonly discardDeadLetters?: "true" | "false" }; readonly headers?: { readonly 'If-Match'?: string } }]; answer: RemovalDto };
    '/receivers/{id}': { args: [request: { readonly path: { readonly id: string }; readonly headers?: { readonly 'If-Match'?: string } }]; answer: undefined };
    '/removals/{id}': { args: [request: { readonly path: { readonly id: string } }]; answer: RemovalDto };
    '/session': { args: []; answer: undefined };
    '/pipelines/{pipelineId}/skips/{id}': { args: [request: { readonly path: { readonly pipelineId: string; readonly id: string }; readonly headers?: { readonly 'If-Match'?: string; readonly 'X-Comment'?: string } }]; answer: undefined };
    '/users/{id}': { args: [request: { readonly path: { readonly id: string }; readonly headers?: { readonly 'If-Match'?: string } }]; answer: undefined };
  };
}

export interface AcknowledgeDto {
  readonly comment?: string;
}

export interface AggregateRuleDto {
  readonly groupBy: readonly (GroupColumnDto)[];
  /** Column at the target that counts the rows of a group */
  readonly count: string;
  /** Beside the count. Default: none */
  readonly values?: readonly (AggregateValueDto)[];
}

export interface AggregateValueDto {
  /** sum: of integers or decimals, 0 where all are null. count: of the rows whose value is not null. min, max: null where all are */
  readonly function: "sum" | "count" | "min" | "max";
  readonly expression: string;
  /** Column at the target */
  readonly target: string;
}

export interface AlarmDeliveryDto {
  /** Sent along, the same at each try */
  readonly id: string;
  readonly what: "firing" | "repeat" | "resolved" | "unknown" | "RESTART" | "STOP" | "unreadable";
  /** null = an order to the arbiter */
  readonly receiverId: string | null;
  /** 'dropped' = given up */
  readonly state: "waiting" | "sent" | "dropped";
  readonly attempts: number;
  readonly createdAt: string;
  readonly sentAt: string | null;
  /** Why the newest try failed; null for who is limited to channels */
  readonly failure: string | null;
}

export interface AlarmDetailDto {
  readonly id: string;
  /** Grows when the state changes; also the ETag */
  readonly version: number;
  readonly ruleId: string;
  /** Name of the rule, then */
  readonly rule: string;
  readonly kind: "delay" | "noProgress" | "processAge" | "positionNotMoving" | "queueAge" | "errorKeyword" | "conflictRate" | "deadLetters" | "instanceLost" | "binlogRetentionRisk" | "disk";
  readonly severity: "urgent" | "important" | "normal";
  /** 'unknown' = what is watched cannot be read; 'pending' = the condition holds, and nobody was told yet; 'firing' = it was told; 'acknowledged' = somebody has it, nothing is repeated; 'resolved' = it is over */
  readonly state: "unknown" | "pending" | "firing" | "acknowledged" | "resolved";
  readonly subject: string;
  /** Id of the pipeline, or name of the instance or stream */
  readonly subjectId: string;
  readonly pipelineId: string | null;
  readonly threshold: number;
  /** Of value and threshold */
  readonly unit: string;
  /** Of the newest look */
  readonly value: number | null;
  readonly message: string;
  /** Why the newest look could not say; null = it could */
  readonly unknownReason: string | null;
  /** When the condition began */
  readonly since: string;
  readonly firedAt: string | null;
  readonly resolvedAt: string | null;
  /** How often it was told, the end included */
  readonly tellings: number;
  readonly acknowledgedBy: string | null;
  readonly acknowledgedAt: string | null;
  readonly comment: string | null;
  /** Who was told what, newest last, at most 100 */
  readonly deliveries: readonly (AlarmDeliveryDto)[];
}

export interface AlarmDto {
  readonly id: string;
  /** Grows when the state changes; also the ETag */
  readonly version: number;
  readonly ruleId: string;
  /** Name of the rule, then */
  readonly rule: string;
  readonly kind: "delay" | "noProgress" | "processAge" | "positionNotMoving" | "queueAge" | "errorKeyword" | "conflictRate" | "deadLetters" | "instanceLost" | "binlogRetentionRisk" | "disk";
  readonly severity: "urgent" | "important" | "normal";
  /** 'unknown' = what is watched cannot be read; 'pending' = the condition holds, and nobody was told yet; 'firing' = it was told; 'acknowledged' = somebody has it, nothing is repeated; 'resolved' = it is over */
  readonly state: "unknown" | "pending" | "firing" | "acknowledged" | "resolved";
  readonly subject: string;
  /** Id of the pipeline, or name of the instance or stream */
  readonly subjectId: string;
  readonly pipelineId: string | null;
  readonly threshold: number;
  /** Of value and threshold */
  readonly unit: string;
  /** Of the newest look */
  readonly value: number | null;
  readonly message: string;
  /** Why the newest look could not say; null = it could */
  readonly unknownReason: string | null;
  /** When the condition began */
  readonly since: string;
  readonly firedAt: string | null;
  readonly resolvedAt: string | null;
  /** How often it was told, the end included */
  readonly tellings: number;
  readonly acknowledgedBy: string | null;
  readonly acknowledgedAt: string | null;
  readonly comment: string | null;
}

export interface AlarmListDto {
  readonly items: readonly (AlarmDto)[];
  readonly total: number;
}

export interface AlarmRuleCreateDto {
  readonly severity?: "urgent" | "important" | "normal";
  readonly enabled?: boolean;
  /** In the kind's unit; default: the kind's. The condition holds from here on */
  readonly threshold?: number;
  /** errorKeyword only; in any case of letters */
  readonly keyword?: string;
  /** The condition must hold for so long */
  readonly forMs?: number;
  /** Told again after so long until it is over or acknowledged; null = once */
  readonly repeatMs?: number | null;
  /** Until then nothing begins and nothing is repeated; the end of what was told is told all the same */
  readonly pauseUntil?: string | null;
  /** null = all pipelines */
  readonly scope?: AlarmScopeDto | null;
  /** Outside of the windows it is as if the rule were paused; null = always */
  readonly schedule?: ScheduleDto | null;
  readonly receiverIds?: readonly (string)[];
  /** What is done about the pipeline, unless a person has halted it or acknowledged the alarm; null = nothing */
  readonly recovery?: RecoveryDto | null;
  readonly name: string;
  /** delay (ms, default 60000): The target is so far behind the source (p99 of the last minute, or what select still has to read); noProgress (ms, default 300000): Nothing was loaded for so long although something waits, or the pipeline stands with a failure; processAge (ms, default 120000): The oldest process that is under way is so old; positionNotMoving (ms, default 300000): The cursor has not moved for so long although the source is ahead; queueAge (ms, default 60000): The oldest message of the pipeline in JetStream's queues is so old; errorKeyword (events, default 1): So many failures and warnings of the last five minutes, events and lines of the logs, have the keyword in code or message; conflictRate (rows/min, default 100): So many rows of the last minute were settled by a conflict policy; deadLetters (rows, default 1): So many dead letters wait for a decision; instanceLost (ms, default 30000): An instance has been gone for so long, and no other one of its service came since; binlogRetentionRisk (%, default 50): So much of the time that the source keeps its log has passed for what the pipeline still needs (100 = purged); disk (%, default 80): JetStream's storage, or a stream that refuses when it is full, is full to so much */
  readonly kind: "delay" | "noProgress" | "processAge" | "positionNotMoving" | "queueAge" | "errorKeyword" | "conflictRate" | "deadLetters" | "instanceLost" | "binlogRetentionRisk" | "disk";
}

export interface AlarmRuleDto {
  readonly id: string;
  /** Also the ETag; send it as If-Match to refuse a change that somebody else made meanwhile */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly name: string;
  readonly kind: "delay" | "noProgress" | "processAge" | "positionNotMoving" | "queueAge" | "errorKeyword" | "conflictRate" | "deadLetters" | "instanceLost" | "binlogRetentionRisk" | "disk";
  readonly severity: "urgent" | "important" | "normal";
  readonly enabled: boolean;
  readonly threshold: number;
  /** Of the threshold */
  readonly unit: string;
  readonly keyword: string | null;
  readonly forMs: number;
  readonly repeatMs: number | null;
  readonly pauseUntil: string | null;
  readonly scope: AlarmScopeDto | null;
  readonly schedule: ScheduleDto | null;
  readonly receiverIds: readonly (string)[];
  readonly recovery: RecoveryDto | null;
  /** 'broken' = it cannot be evaluated (see problem), others go on; 'unknown' = what it watches cannot be read */
  readonly state: "disabled" | "broken" | "firing" | "unknown" | "pending" | "ok";
  /** Why it is broken */
  readonly problem: string | null;
  /** Alarms that are not resolved, by state */
  readonly alarms: Readonly<Record<string, unknown>>;
}

export interface AlarmRuleListDto {
  readonly items: readonly (AlarmRuleDto)[];
  readonly total: number;
}

export interface AlarmRulePatchDto {
  readonly severity?: "urgent" | "important" | "normal";
  readonly enabled?: boolean;
  /** In the kind's unit; default: the kind's. The condition holds from here on */
  readonly threshold?: number;
  /** errorKeyword only; in any case of letters */
  readonly keyword?: string;
  /** The condition must hold for so long */
  readonly forMs?: number;
  /** Told again after so long until it is over or acknowledged; null = once */
  readonly repeatMs?: number | null;
  /** Until then nothing begins and nothing is repeated; the end of what was told is told all the same */
  readonly pauseUntil?: string | null;
  /** null = all pipelines */
  readonly scope?: AlarmScopeDto | null;
  /** Outside of the windows it is as if the rule were paused; null = always */
  readonly schedule?: ScheduleDto | null;
  readonly receiverIds?: readonly (string)[];
  /** What is done about the pipeline, unless a person has halted it or acknowledged the alarm; null = nothing */
  readonly recovery?: RecoveryDto | null;
  readonly name?: string;
}

export interface AlarmScopeDto {
  /** Pipelines by id */
  readonly pipelineIds: readonly (string)[];
  /** All pipelines of these channels */
  readonly channelIds: readonly (string)[];
}

export interface ApiKeyCreateDto {
  /** Appears as author of what the key does */
  readonly name: string;
  /** viewer looks; operator also commands, retries and discards; admin also configures */
  readonly role: "viewer" | "operator" | "admin";
  /** The key sees and changes only these channels and what belongs to them. Left out = everything */
  readonly channelIds?: readonly (string)[];
  /** The key counts for nothing from then on. Left out = never */
  readonly expiresAt?: string;
}

export interface ApiKeyCreatedDto {
  readonly id: string;
  /** Also the ETag; send it as If-Match to refuse a change that somebody else made meanwhile */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly name: string;
  /** First characters; null = made by a version that did not keep them */
  readonly prefix: string | null;
  readonly role: "viewer" | "operator" | "admin";
  /** null = everything */
  readonly channelIds: readonly (string)[] | null;
  /** null = never */
  readonly expiresAt: string | null;
  /** To the minute; null = never */
  readonly lastUsedAt: string | null;
  /** The key itself, shown this once; only its hash is kept */
  readonly token: string;
}

export interface ApiKeyDto {
  readonly id: string;
  /** Also the ETag; send it as If-Match to refuse a change that somebody else made meanwhile */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly name: string;
  /** First characters; null = made by a version that did not keep them */
  readonly prefix: string | null;
  readonly role: "viewer" | "operator" | "admin";
  /** null = everything */
  readonly channelIds: readonly (string)[] | null;
  /** null = never */
  readonly expiresAt: string | null;
  /** To the minute; null = never */
  readonly lastUsedAt: string | null;
}

export interface ApiKeyListDto {
  readonly items: readonly (ApiKeyDto)[];
  readonly total: number;
}

export interface AuditCheckDto {
  /** What was looked at is what was written */
  readonly isIntact: boolean;
  readonly after: number;
  readonly checkedCount: number;
  /** Ask again with this as `after`; null = this was all */
  readonly next: number | null;
  /** The first entry that is wrong */
  readonly broken: BrokenEntryDto | null;
  readonly head: AuditHeadDto;
}

export interface AuditEntryDto {
  readonly id: string;
  /** Place in the chain, from 1 without gaps */
  readonly number: number;
  readonly at: string;
  /** Id of the API key or user, where there was one */
  readonly whoId: string | null;
  /** Name of the API key or user */
  readonly who: string;
  readonly action: "create" | "update" | "delete" | "command" | "login" | "login-failed" | "refused";
  /** Kind of resource; token = API key in an earlier version */
  readonly resource: string;
  readonly resourceId: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

export interface AuditHeadDto {
  /** Number of the newest entry */
  readonly number: number;
  /** Its hash: kept elsewhere, it shows later whether the log was written anew */
  readonly hash: string;
}

export interface AuditListDto {
  readonly items: readonly (AuditEntryDto)[];
  readonly total: number;
}

export interface BlockerDto {
  readonly stage: "select" | "extract" | "transform" | "load";
  readonly instance: string;
  readonly kind: string;
  readonly message: string;
  readonly since: string;
  /** The connection at the source or target that is in the way */
  readonly connectionId?: number;
}

export interface BrokenEntryDto {
  readonly number: number;
  /** null = the entry is missing */
  readonly id: string | null;
  readonly problem: string;
}

export interface CallerDto {
  readonly kind: "apiKey" | "user";
  readonly id: string;
  readonly name: string;
  readonly role: "viewer" | "operator" | "admin";
  /** null = everything */
  readonly channelIds: readonly (string)[] | null;
}

export interface ChannelCreateDto {
  readonly name: string;
  readonly description?: string;
}

export interface ChannelDocumentDto {
  readonly format: "lutra-channel/1";
  readonly channel: DocumentChannelDto;
  readonly pipelines?: readonly (DocumentPipelineDto)[];
  /** Rules about nothing but this channel; those of several channels and of the installation are no part of it */
  readonly alarmRules?: readonly (DocumentAlarmRuleDto)[];
}

export interface ChannelDto {
  readonly id: string;
  /** Also the ETag; send it as If-Match to refuse a change that somebody else made meanwhile */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly name: string;
  readonly description: string;
}

export interface ChannelListDto {
  readonly items: readonly (ChannelDto)[];
  readonly total: number;
}

export interface ChannelPatchDto {
  readonly name?: string;
  readonly description?: string;
}

export interface ColumnCountsDto {
  /** Declared alike */
  readonly same: number;
  /** The target holds every value */
  readonly wider: number;
  /** The target refuses some values */
  readonly narrower: number;
  /** The target would change values, or takes hardly any */
  readonly incompatible: number;
}

export interface ColumnDto {
  readonly name: string;
  /** As the server prints it */
  readonly type: string;
  readonly isNullable: boolean;
  /** As the server prints it; null = none */
  readonly default: string | null;
  /** The expression of a generated column */
  readonly generated: string | null;
  readonly isAutoIncrement: boolean;
  readonly charset: string | null;
  readonly collation: string | null;
}

export interface ColumnMappingDto {
  readonly source: string;
  readonly target: string;
}

export interface ColumnOriginDto {
  /** column: a column of the source. constant: the same in every row. expression: computed. concat: the texts of columns, one after the other. lookup: a column of a look-up. fact: something known of the row beside its columns */
  readonly kind: "column" | "constant" | "expression" | "concat" | "lookup" | "fact";
  /** Only with column and lookup, and needed there: of the source, or of the look-up */
  readonly column?: string;
  /** Only with constant, and needed there */
  readonly value?: string | number | boolean | null;
  /** Only with expression, and needed there */
  readonly expression?: string;
  /** Only with concat, and needed there: columns of the source */
  readonly columns?: readonly (string)[];
  /** Only with concat: what stands between. Default: '' */
  readonly separator?: string;
  /** Only with lookup, and needed there: its name */
  readonly lookup?: string;
  /** Only with fact, and needed there */
  readonly fact?: "commitTime" | "gtid" | "operation" | "sourceSchema" | "sourceTable" | "pipeline";
}

export interface ColumnRuleDto {
  /** At the target; one that the selection takes under this name is replaced */
  readonly target: string;
  readonly from: ColumnOriginDto;
  /** What is done with the value, in this order */
  readonly steps?: readonly (ColumnStepDto)[];
}

export interface ColumnSelectionDto {
  readonly mode: "all" | "list" | "except";
  /** Only with mode 'list' */
  readonly columns?: readonly (ColumnMappingDto)[];
  /** Only with mode 'except': columns of the source that stay out */
  readonly names?: readonly (string)[];
  /** Only with mode 'except': columns that have another name at the target */
  readonly renames?: readonly (ColumnMappingDto)[];
}

export interface ColumnStepDto {
  /** default: instead of a value that is not there. map: one value for another. convert: to another type. hash, token: masked under a key. partial: some characters hidden. json: a value out of a document. split: one part of a text */
  readonly kind: "default" | "map" | "convert" | "hash" | "token" | "partial" | "json" | "split";
  /** Only with default, and needed there */
  readonly value?: string | number | boolean | null;
  /** Only with default: instead of null, of a value that the row's image does not carry, or of both. Default: null */
  readonly when?: "null" | "missing" | "both";
  /** Only with map, and needed there */
  readonly entries?: readonly (MapEntryDto)[];
  /** Only with map: a value that is not among the entries. Default: {kind: 'fail'} */
  readonly otherwise?: MapOtherwiseDto;
  /** Only with convert, and needed there: as a CREATE TABLE names it */
  readonly type?: string;
  /** Only with convert: what becomes of a value that the type cannot hold. fail: the row meets the poison policy. clamp: the nearest that it can. truncate: cut off. null: NULL. Default: fail */
  readonly onLoss?: "fail" | "clamp" | "truncate" | "null";
  /** Only with convert: how a date or time is written as text */
  readonly format?: string;
  /** Only with convert: time zone of values without one, where they become or come from moments */
  readonly zone?: string;
  /** Only with convert: of bytes that become or come from text */
  readonly charset?: string;
  /** With hash and token: the key, of 14 characters at least, or a reference to it (env:NAME, file:/path). It is kept sealed and never returned: {set: true} stands for it. Left out, or given as that, the key of this step of this column stays */
  readonly key?: string | {
  readonly set: true;
};
  /** Only with hash: hexadecimal digits that are kept. Default: all 64 */
  readonly length?: number;
  /** Only with partial: characters at the beginning that stay. Default: 0 */
  readonly keepStart?: number;
  /** Only with partial: characters at the end that stay. Default: 0 */
  readonly keepEnd?: number;
  /** Only with partial: stands for each of the others. Default: '*' */
  readonly with?: string;
  /** Only with json, and needed there */
  readonly path?: string;
  /** Only with split, and needed there */
  readonly separator?: string;
  /** Only with split, and needed there: from 0, or from the end with -1 */
  readonly index?: number;
}

export interface CommandAcceptedDto {
  readonly id: string;
  readonly pipelineId: string;
}

export interface CommandDto {
  readonly id: string;
  readonly pipelineId: string;
  readonly kind: "START" | "STOP" | "PAUSE" | "ROLLBACK" | "RESTART" | "WARNING";
  readonly reason: string;
  /** Name of the token; of stages and of the arbiter: the instance, or arbiter */
  readonly author: string;
  readonly issuedAt: string;
  /** 'issued' until the arbiter has decided; 'applied' = the permit is as it wants; 'repeated' = it was so already; 'void' = the epoch it was about has passed, or a later command has taken its place; 'unsent' = the bus did not take it */
  readonly outcome: "unsent" | "issued" | "applied" | "void" | "repeated";
  readonly decidedAt?: string;
  /** RESTART that lets the window empty first */
  readonly graceful?: boolean;
  /** START without the pre-check */
  readonly force?: boolean;
  /** RESTART that moves leases: who is to hold mainstem and loader */
  readonly seats?: Readonly<Record<string, unknown>>;
}

export interface CommandListDto {
  readonly items: readonly (CommandDto)[];
  readonly total: number;
}

export interface CommandRequestDto {
  /** WARNING only tells: nothing is scheduled by it */
  readonly kind: "START" | "STOP" | "PAUSE" | "ROLLBACK" | "RESTART" | "WARNING";
  /** Shown with the state that follows */
  readonly reason: string;
  /** RESTART only: lets the window empty first (at most 30 s), so that nothing is repeated */
  readonly graceful?: boolean;
  /** START only: without the pre-check, which may find errors */
  readonly force?: boolean;
}

export interface CommandsAcceptedDto {
  readonly items: readonly (CommandAcceptedDto)[];
  readonly total: number;
}

export interface ConflictDto {
  /** Pipeline, and number at its target */
  readonly id: string;
  readonly pipelineId: string;
  readonly createdAt: string;
  readonly epoch: number;
  readonly process: number;
  /** Source transaction */
  readonly gtid: string;
  /** Rows event of the transaction, from 0 */
  readonly event: number;
  /** Row of the event, from 0 */
  readonly row: number;
  /** Of several rows that one source row became, from 0 */
  readonly part: number;
  /** At the target */
  readonly schema: string;
  readonly table: string;
  readonly type: "target-row-missing" | "row-differs" | "unique-clash";
  readonly decision: "inserted" | "overwritten" | "ignored" | "kept" | "merged" | "deadLettered";
  /** By column name, in the form of dead letters; {"length": …, "sha256": …} stands for a value that was too large to keep */
  readonly key: Readonly<Record<string, unknown>>;
  /** As the source had the row before */
  readonly before: Readonly<Record<string, unknown>> | null;
  /** As the source has it */
  readonly after: Readonly<Record<string, unknown>> | null;
  /** As it was found at the target */
  readonly found: Readonly<Record<string, unknown>> | null;
}

export interface ConflictListDto {
  readonly items: readonly (ConflictDto)[];
  readonly total: number;
  /** Targets that could not be asked; with pipelineId that is an error */
  readonly unavailable: readonly (UnavailableTargetDto)[];
}

export interface ConflictPolicyDto {
  /** overwrite: the source's row is written, nothing is compared. ignore: a row that differs stays, counted and recorded. sourceWins: compared, recorded, the source's row is written. targetWins: compared, recorded, the target's row stays. latestWins: the row with the larger value of `column` stays. merge: `columns` are taken from the source, `deltaColumns` become c + (after − before), the others stay. manual: the row becomes a dead letter */
  readonly kind: "overwrite" | "ignore" | "sourceWins" | "targetWins" | "manual" | "latestWins" | "merge";
  /** Only with latestWins: a column at the target */
  readonly column?: string;
  /** Only with merge: columns at the target */
  readonly columns?: readonly (string)[];
  /** Only with merge: numeric columns at the target */
  readonly deltaColumns?: readonly (string)[];
}

export interface CursorDto {
  readonly state: "origin-wanted" | "place";
  readonly epoch: number;
  /** Last process of this epoch that is loaded */
  readonly process: number | null;
  /** What is done at the target */
  readonly place: Readonly<Record<string, unknown>> | null;
  readonly at: string;
}

export interface DataSourceCheckDto {
  readonly reachable: boolean;
  /** Why it is not reachable */
  readonly failure: FindingDto | null;
  /** What it really is */
  readonly kind: "mysql" | "mariadb" | "oracle" | null;
  readonly version: string | null;
  /** The account that the server took the user for */
  readonly account: string | null;
  /** Settings of the binary log, of time, character sets and names, and whether the server may be written */
  readonly variables: Readonly<Record<string, unknown>>;
  /** As the server lists them, without password hashes */
  readonly grants: readonly (string)[];
  /** Milliseconds that the server's clock is ahead of the manager's; negative = behind */
  readonly clockAheadMs: number | null;
  /** What speaks against it as the source of a pipeline */
  readonly asSource: readonly (FindingDto)[];
  /** The other servers of the group, in their order */
  readonly standbys: readonly (StandbyCheckDto)[];
}

export interface DataSourceCreateDto {
  readonly name: string;
  readonly kind: "mysql" | "mariadb" | "oracle";
  readonly host: string;
  readonly port: number;
  /** Only with kind oracle: either serviceName or sid */
  readonly serviceName?: string;
  /** Only with kind oracle: either serviceName or sid */
  readonly sid?: string;
  readonly user: string;
  /** Kept encrypted; never shown again */
  readonly password: string;
  readonly tls?: "disabled" | "required" | "verifyCa" | "verifyIdentity";
  /** Certificates of the authority, PEM */
  readonly tlsCa?: string;
  /** What Lutra shows to a server that asks for a certificate, PEM; together with tlsKey */
  readonly tlsCert?: string;
  /** Private key of tlsCert, PEM without a pass phrase. Kept encrypted; never shown again */
  readonly tlsKey?: string;
  /** Other servers of the same group, with the same user, password and TLS: a pipeline that reads this data source goes on at them, in this order */
  readonly standbys?: readonly (ServerAddressDto)[];
  /** Who is limited to one of these channels sees the data source and may build pipelines of it, also when no pipeline there uses it yet */
  readonly channelIds?: readonly (string)[];
}

export interface DataSourceDto {
  readonly id: string;
  /** Also the ETag; send it as If-Match to refuse a change that somebody else made meanwhile */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly name: string;
  readonly kind: "mysql" | "mariadb" | "oracle";
  readonly host: string;
  readonly port: number;
  readonly serviceName?: string;
  readonly sid?: string;
  readonly user: string;
  readonly tls: "disabled" | "required" | "verifyCa" | "verifyIdentity";
  readonly tlsCa?: string;
  /** Its key is kept encrypted and never shown */
  readonly tlsCert?: string;
  /** Other servers of the same group, with the same user, password and TLS: a pipeline that reads this data source goes on at them, in this order */
  readonly standbys: readonly (ServerAddressDto)[];
  /** Who is limited to one of these channels sees the data source and may build pipelines of it, also when no pipeline there uses it yet */
  readonly channelIds: readonly (string)[];
}

export interface DataSourceListDto {
  readonly items: readonly (DataSourceDto)[];
  readonly total: number;
}

export interface DataSourcePatchDto {
  readonly name?: string;
  readonly kind?: "mysql" | "mariadb" | "oracle";
  readonly host?: string;
  readonly port?: number;
  /** Only with kind oracle: either serviceName or sid */
  readonly serviceName?: string;
  /** Only with kind oracle: either serviceName or sid */
  readonly sid?: string;
  readonly user?: string;
  /** Left out = stays as it is */
  readonly password?: string;
  readonly tls?: "disabled" | "required" | "verifyCa" | "verifyIdentity";
  /** Certificates of the authority, PEM */
  readonly tlsCa?: string;
  /** What Lutra shows to a server that asks for a certificate, PEM; together with tlsKey; both empty = none any more */
  readonly tlsCert?: string;
  /** Private key of tlsCert, PEM without a pass phrase. Kept encrypted; never shown again */
  readonly tlsKey?: string;
  /** Other servers of the same group, with the same user, password and TLS: a pipeline that reads this data source goes on at them, in this order */
  readonly standbys?: readonly (ServerAddressDto)[];
  /** Who is limited to one of these channels sees the data source and may build pipelines of it, also when no pipeline there uses it yet */
  readonly channelIds?: readonly (string)[];
}

export interface DataSourceSwitchDto {
  readonly host: string;
  readonly port: number;
  /** Switch also when the server does not answer, or would not do for the pipelines that use it */
  readonly force?: boolean;
}

export interface DeadLetterColumnDto {
  readonly name: string;
  readonly kind: string;
  readonly declared: string;
  readonly nullable: boolean;
}

export interface DeadLetterDto {
  /** Pipeline, and place of the row */
  readonly id: string;
  readonly pipelineId: string;
  /** retryWanted and discardWanted are decisions that load has not carried out yet */
  readonly state: "open" | "retryWanted" | "discardWanted" | "retried" | "discarded";
  readonly createdAt: string;
  /** At the target */
  readonly schema: string;
  readonly table: string;
  readonly kind: "insert" | "update" | "delete";
  /** Source transaction */
  readonly gtid: string;
  readonly error: DeadLetterErrorDto;
  readonly attempts: number;
  /** The unsettled letter of the same key for which this one waits: it goes on by itself afterwards */
  readonly follows: string | null;
  /** Name of the token */
  readonly wantedBy: string | null;
  readonly wantedAt: string | null;
  readonly resolvedAt: string | null;
  /** Why the last retry failed */
  readonly lastError: string | null;
  /** The first letter of the same row of the source, which was read and refused again; what is decided about that one holds for this one */
  readonly repeats: string | null;
  /** How often the row came again as a letter of its own, which repeats this one */
  readonly repeatCount: number;
  readonly epoch: number;
  readonly process: number;
  /** Rows event of the transaction, from 0 */
  readonly event: number;
  /** Row of the event, from 0 */
  readonly row: number;
  /** Revision of the definition that it was read under */
  readonly revision: number;
  /** The statement that failed, without values */
  readonly statement: string | null;
  readonly columns: readonly (DeadLetterColumnDto)[];
  /** By column name; a column that the image does not carry is not there. 64-bit integers are {"integer": "…"}, bytes are {"bytes": "…"} in base64, numbers that JSON does not know {"number": "…"} */
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
  /** Columns that the mapping could not make: an edit has to set them all before the row can be written */
  readonly notMapped: readonly (string)[];
  /** The row that was edited, which is written instead */
  readonly wanted: Readonly<Record<string, unknown>> | null;
}

export interface DeadLetterEditDto {
  /** The columns to replace in the row as it came. By column name; a column that the image does not carry is not there. 64-bit integers are {"integer": "…"}, bytes are {"bytes": "…"} in base64, numbers that JSON does not know {"number": "…"} */
  readonly row: Readonly<Record<string, unknown>>;
}

export interface DeadLetterErrorDto {
  readonly code: string;
  readonly message: string;
  /** The target's own number */
  readonly errno: number | null;
  /** Section of the runbook */
  readonly runbook: string;
}

export interface DeadLetterListDto {
  readonly items: readonly (DeadLetterSummaryDto)[];
  readonly total: number;
  /** Targets that could not be asked; with pipelineId that is an error */
  readonly unavailable: readonly (UnavailableTargetDto)[];
}

export interface DeadLetterSelectionDto {
  readonly pipelineId: string;
  readonly schema?: string;
  /** Table at the target, without its schema */
  readonly table?: string;
  /** Code of the error */
  readonly code?: string;
  readonly from?: string;
  readonly to?: string;
}

export interface DeadLetterSummaryDto {
  /** Pipeline, and place of the row */
  readonly id: string;
  readonly pipelineId: string;
  /** retryWanted and discardWanted are decisions that load has not carried out yet */
  readonly state: "open" | "retryWanted" | "discardWanted" | "retried" | "discarded";
  readonly createdAt: string;
  /** At the target */
  readonly schema: string;
  readonly table: string;
  readonly kind: "insert" | "update" | "delete";
  /** Source transaction */
  readonly gtid: string;
  readonly error: DeadLetterErrorDto;
  readonly attempts: number;
  /** The unsettled letter of the same key for which this one waits: it goes on by itself afterwards */
  readonly follows: string | null;
  /** Name of the token */
  readonly wantedBy: string | null;
  readonly wantedAt: string | null;
  readonly resolvedAt: string | null;
  /** Why the last retry failed */
  readonly lastError: string | null;
  /** The first letter of the same row of the source, which was read and refused again; what is decided about that one holds for this one */
  readonly repeats: string | null;
  /** How often the row came again as a letter of its own, which repeats this one */
  readonly repeatCount: number;
}

export interface DifferenceDto {
  /** JSON pointer; mappings are named by their id */
  readonly path: string;
  readonly kind: "added" | "removed" | "changed";
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface DistanceDto {
  /** Transactions that the source has and the target has not */
  readonly transactions: number | null;
  /** Bytes of log, where places are files and offsets */
  readonly bytes: number | null;
}

export interface DocumentAlarmRuleDto {
  readonly severity?: "urgent" | "important" | "normal";
  readonly enabled?: boolean;
  /** In the kind's unit; default: the kind's. The condition holds from here on */
  readonly threshold?: number;
  /** errorKeyword only; in any case of letters */
  readonly keyword?: string;
  /** The condition must hold for so long */
  readonly forMs?: number;
  /** Told again after so long until it is over or acknowledged; null = once */
  readonly repeatMs?: number | null;
  /** Outside of the windows it is as if the rule were paused; null = always */
  readonly schedule?: ScheduleDto | null;
  /** What is done about the pipeline, unless a person has halted it or acknowledged the alarm; null = nothing */
  readonly recovery?: RecoveryDto | null;
  readonly name: string;
  /** delay (ms, default 60000): The target is so far behind the source (p99 of the last minute, or what select still has to read); noProgress (ms, default 300000): Nothing was loaded for so long although something waits, or the pipeline stands with a failure; processAge (ms, default 120000): The oldest process that is under way is so old; positionNotMoving (ms, default 300000): The cursor has not moved for so long although the source is ahead; queueAge (ms, default 60000): The oldest message of the pipeline in JetStream's queues is so old; errorKeyword (events, default 1): So many failures and warnings of the last five minutes, events and lines of the logs, have the keyword in code or message; conflictRate (rows/min, default 100): So many rows of the last minute were settled by a conflict policy; deadLetters (rows, default 1): So many dead letters wait for a decision; instanceLost (ms, default 30000): An instance has been gone for so long, and no other one of its service came since; binlogRetentionRisk (%, default 50): So much of the time that the source keeps its log has passed for what the pipeline still needs (100 = purged); disk (%, default 80): JetStream's storage, or a stream that refuses when it is full, is full to so much */
  readonly kind: "delay" | "noProgress" | "processAge" | "positionNotMoving" | "queueAge" | "errorKeyword" | "conflictRate" | "deadLetters" | "instanceLost" | "binlogRetentionRisk" | "disk";
  /** Pipelines of this channel by name; default: all, also those to come */
  readonly pipelines?: readonly (string)[];
  /** Receivers by name; they have to be there */
  readonly receivers?: readonly (string)[];
}

export interface DocumentChannelDto {
  /** The one of the address */
  readonly name: string;
  readonly description?: string;
}

export interface DocumentPipelineDto {
  /** What a pipeline is found by: another name is another pipeline */
  readonly name: string;
  /** Name of the data source that is read */
  readonly source: string;
  /** Name of the data source that is written */
  readonly target: string;
  /** Default: {kind: 'latest'} */
  readonly start?: StartDto;
  /** What is not there has its default */
  readonly parameters?: ParametersDto;
  readonly mappings?: readonly (MappingCreateDto)[];
}

export interface DocumentPlanDto {
  /** Nothing was changed: this is what would be */
  readonly dryRun: boolean;
  /** Empty when everything is as the document says */
  readonly steps: readonly (DocumentStepDto)[];
}

export interface DocumentStepDto {
  readonly action: "create" | "change" | "delete";
  readonly object: "channel" | "pipeline" | "mapping" | "alarmRule";
  readonly name: string;
  /** Of a mapping: the pipeline that it belongs to */
  readonly pipeline?: string;
  /** Nothing is removed without prune=true */
  readonly isLeftOut: boolean;
  /** What a change changes; empty otherwise */
  readonly differences: readonly (DifferenceDto)[];
}

export interface DrainProgressDto {
  /** Leases that have still to move */
  readonly leasesLeft: number;
  /** Processes and leases that it has still in hand */
  readonly tasksLeft: number;
  /** Nothing is left: it may be switched off */
  readonly isEmpty: boolean;
}

export interface DryRunReportDto {
  readonly epoch: number;
  readonly since: string;
  /** Time of the newest report */
  readonly at: string;
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Statements that change tables */
  readonly ddl: number;
  /** Some statements of the newest report, shortened, without values */
  readonly sample: readonly (string)[];
}

export interface EmailDto {
  readonly host: string;
  readonly port: number;
  readonly tls: "disabled" | "startTls" | "implicit";
  readonly tlsCa: string | null;
  readonly user: string;
  readonly sender: string;
  readonly recipients: readonly (string)[];
}

export interface EmailPatchDto {
  readonly host?: string;
  readonly port?: number;
  /** 'startTls' insists on it; 'implicit' = TLS from the first byte */
  readonly tls?: "disabled" | "startTls" | "implicit";
  /** Certificates of the authority, PEM */
  readonly tlsCa?: string;
  /** '' = without login */
  readonly user?: string;
  /** Kept encrypted; never shown again */
  readonly password?: string;
  readonly sender?: string;
  readonly recipients?: readonly (string)[];
}

export interface EventListDto {
  readonly items: readonly (Readonly<Record<string, unknown>>)[];
  readonly total: number;
}

export interface ExplodeByDto {
  /** json: the elements of an array. delimiter: the parts of a text */
  readonly kind: "json" | "delimiter";
  /** Only with delimiter, and needed there */
  readonly separator?: string;
}

export interface ExplodeDto {
  /** Of the source */
  readonly column: string;
  readonly by: ExplodeByDto;
  /** Column at the target that holds the element */
  readonly as: string;
  /** Column at the target that holds its number, from 0 */
  readonly positionAs?: string;
}

export interface FailureDto {
  readonly code: string;
  readonly class: "retryable" | "poison" | "configuration" | "internal";
  readonly message: string;
  readonly workaround: string;
  /** The statement that would repair it */
  readonly statement?: string;
  readonly stage: string;
  readonly instance: string;
  readonly epoch: number;
  readonly process: number | null;
  readonly at: string;
  /** Section of the runbook about this code */
  readonly runbook: string;
}

export interface FindingDto {
  readonly code: string;
  readonly detail: string;
  /** The statement that repairs it */
  readonly statement?: string;
}

export interface FindingSubjectDto {
  readonly place: "source" | "target" | "bus";
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  /** A variable, a key, a trigger, a mapping, a stream, or the rights that are missing */
  readonly name?: string;
}

export interface ForeignKeyDto {
  readonly name: string;
  readonly columns: readonly (string)[];
  readonly referencedSchema: string;
  readonly referencedTable: string;
  readonly referencedColumns: readonly (string)[];
  readonly onDelete: string;
  readonly onUpdate: string;
}

export interface GroupCheckAnswerDto {
  /** Null: none has been made yet */
  readonly last: GroupCheckDto | null;
}

export interface GroupCheckDto {
  /** When it ended */
  readonly checkedAt: string;
  /** notCompared: reason says why */
  readonly outcome: "compared" | "notCompared";
  readonly reason: string;
  /** Groups that were compared */
  readonly groups: number;
  /** Groups that are not as the source says, or that stand at one side alone */
  readonly differing: number;
  /** Groups that changed all the time, or that the target had not come to */
  readonly unsettled: number;
  /** The first that differ */
  readonly examples: readonly (GroupDifferenceDto)[];
}

export interface GroupColumnDto {
  /** Rows with the same value are one group; never null */
  readonly expression: string;
  /** Column at the target; all of them are its primary key */
  readonly target: string;
}

export interface GroupDifferenceDto {
  /** Values of the columns that make the group */
  readonly group: string;
  /** Count and values as the source has them; null = no such group */
  readonly source: string | null;
  /** As the target has them */
  readonly target: string | null;
}

export interface HeldLeaseDto {
  readonly pipelineId: string;
  /** select = the mainstem, load = the loader */
  readonly stage: "select" | "load";
  readonly since: string;
}

export interface HolderDto {
  readonly instance: string;
  readonly epoch: number;
  readonly since: string;
}

export interface HttpDto {
  /** The rest of the address may be a secret. The reference itself when it was given as one */
  readonly origin: string;
  readonly hasSecret: boolean;
  readonly headerNames: readonly (string)[];
  readonly template: Readonly<Record<string, unknown>> | null;
  readonly tlsCa: string | null;
}

export interface HttpPatchDto {
  /** Or env:NAME, file:/path: looked up at each use. Kept encrypted; never shown whole */
  readonly url?: string;
  /** webhook: key of the header Lutra-Signature (`t=<unix s>,v1=<HMAC-SHA256 of 't.body', hex>`); dingTalk: the robot's signing secret; '' = none */
  readonly secret?: string;
  /** More headers, at most 20. Values are kept encrypted; only the names are shown. Replaces those before */
  readonly headers?: Readonly<Record<string, unknown>>;
  /** webhook only: the body, with placeholders in its texts (delivery.id, alarm.id, alarm.rule, alarm.kind, alarm.severity, alarm.change, alarm.subject, alarm.subjectId, alarm.value, alarm.threshold, alarm.unit, alarm.message, alarm.since, alarm.at); a text that is nothing but a placeholder becomes the value itself. {} = the default body */
  readonly template?: Readonly<Record<string, unknown>>;
  /** Certificates of the authority, PEM */
  readonly tlsCa?: string;
}

export interface ImportLineDto {
  /** Where it begins in the content */
  readonly line: number;
  /** A mapping of the same source is changed; it is the same when it says the same already */
  readonly action: "create" | "change" | "same" | "refuse";
  readonly source: string;
  readonly target: string;
  /** The mapping that is there, or that was made */
  readonly mappingId?: string;
  /** Why it is refused */
  readonly problem?: ImportProblemDto;
}

export interface ImportProblemDto {
  readonly code: string;
  readonly detail: string;
}

export interface InstanceDetailDto {
  /** Null when it is down and nothing tells any more */
  readonly service: "select" | "extract" | "transform" | "load" | "arbiter" | "manager" | null;
  /** Its name, and its id in addresses */
  readonly instance: string;
  readonly alive: boolean;
  /** This and what follows: null while it is down */
  readonly host: string | null;
  readonly pid: number | null;
  /** Version of Lutra */
  readonly version: string | null;
  readonly startedAt: string | null;
  /** Port of /health and /metrics */
  readonly httpPort: number | null;
  readonly load: LoadDto | null;
  /** As it works now */
  readonly weight: number | null;
  /** It gives its work away and takes none: by order, or because it is stopping */
  readonly draining: boolean;
  /** It keeps what it has and takes nothing new */
  readonly maintenance: boolean;
  readonly order: InstanceOrderDto | null;
  /** Leases that it holds, by pipeline */
  readonly leases: readonly (HeldLeaseDto)[];
  /** Null when it does not drain */
  readonly drain: DrainProgressDto | null;
}

export interface InstanceDto {
  /** Null when it is down and nothing tells any more */
  readonly service: "select" | "extract" | "transform" | "load" | "arbiter" | "manager" | null;
  /** Its name, and its id in addresses */
  readonly instance: string;
  readonly alive: boolean;
  /** This and what follows: null while it is down */
  readonly host: string | null;
  readonly pid: number | null;
  /** Version of Lutra */
  readonly version: string | null;
  readonly startedAt: string | null;
  /** Port of /health and /metrics */
  readonly httpPort: number | null;
  readonly load: LoadDto | null;
  /** As it works now */
  readonly weight: number | null;
  /** It gives its work away and takes none: by order, or because it is stopping */
  readonly draining: boolean;
  /** It keeps what it has and takes nothing new */
  readonly maintenance: boolean;
  readonly order: InstanceOrderDto | null;
  /** Leases that it holds, by pipeline */
  readonly leases: readonly (HeldLeaseDto)[];
}

export interface InstanceListDto {
  readonly items: readonly (InstanceDto)[];
  readonly total: number;
}

export interface InstanceOrderDto {
  readonly draining: boolean;
  readonly maintenance: boolean;
  /** Null = the weight that it was started with */
  readonly weight: number | null;
  /** Null = the system parameter, else the level that it was started with */
  readonly logLevel?: "trace" | "debug" | "info" | "warn" | "error" | null;
  readonly reason: string;
  /** Name of the token */
  readonly by: string;
  readonly at: string;
}

export interface InstancePatchDto {
  /** Kept with the order, and audited */
  readonly reason: string;
  /** Least serious level that is written to the log, from the next line on; null = as it was started. Takes effect: at once */
  readonly logLevel?: "trace" | "debug" | "info" | "warn" | "error" | null;
  /** Share of work beside other instances of its service, 1 = as much as they have; null = as it was started. Takes effect with the next process or lease */
  readonly weight?: number | null;
}

export interface InstanceReasonDto {
  /** Kept with the order, and audited */
  readonly reason: string;
}

export interface KeyDto {
  readonly name: string;
  readonly isUnique: boolean;
  /** In the order of the key; an expression stands as it is printed */
  readonly columns: readonly (string)[];
}

export interface LanePositionDto {
  readonly lane: number;
  readonly epoch: number;
  /** Target transactions that this lane has committed */
  readonly step: number;
  /** What is done: a GTID set (MySQL), one GTID per domain (MariaDB), or server, file and offset without GTID */
  readonly place: Readonly<Record<string, unknown>>;
}

export interface LiveFiguresDto {
  /** Since the pipeline exists */
  readonly totals: StatisticCountsDto;
  readonly rowsPerSecond10: number;
  readonly rowsPerSecond60: number;
  /** Over the last minute; worst change of each process */
  readonly delayMsP50: number | null;
  readonly delayMsP99: number | null;
}

export interface LoadDto {
  /** Cores in use */
  readonly cpu: number;
  readonly memoryBytes: number;
  /** Processes and leases in hand */
  readonly tasks: number;
  /** 99th percentile since the last figures */
  readonly eventLoopDelayMs?: number;
}

export interface LogLevelDto {
  /** Kept with the order, and audited */
  readonly reason: string;
  /** Least serious level that is written to the log, from the next line on; null = as it was started. Takes effect: at once */
  readonly level: "trace" | "debug" | "info" | "warn" | "error" | null;
  /** Only instances of this service; left out = of all */
  readonly service?: "select" | "extract" | "transform" | "load" | "arbiter" | "manager";
}

export interface LogLineDto {
  readonly at: string;
  readonly service: "select" | "extract" | "transform" | "load" | "arbiter" | "manager";
  readonly instance: string;
  readonly level: "warn" | "error";
  readonly message: string;
  readonly pipelineId: string | null;
  readonly traceId: string | null;
  readonly code: string | null;
  /** Everything else that the line says; secrets are *** */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface LogListDto {
  readonly items: readonly (LogLineDto)[];
  readonly total: number;
}

export interface LoginDto {
  readonly name: string;
  readonly password: string;
}

export interface LookupKeyDto {
  /** Of the other table */
  readonly column: string;
  /** Over the source's row: the value that the column is to have */
  readonly expression: string;
}

export interface LookupRuleDto {
  /** Its columns are called name.column */
  readonly name: string;
  /** Where the other table is. Left out: the pipeline's source */
  readonly dataSourceId?: string;
  /** Instead of dataSourceId, in a channel's document alone: the data source's name */
  readonly dataSource?: string;
  readonly schema: string;
  readonly table: string;
  /** All of them together find one row at most */
  readonly key: readonly (LookupKeyDto)[];
  /** Of the other table */
  readonly columns: readonly (string)[];
  /** Milliseconds that a row is kept by each instance; 0 = not at all. Default: 60000 */
  readonly ttlMs?: number;
  /** Rows that each instance keeps at most. Default: 10000 */
  readonly rowsMax?: number;
  /** Without a row: null: the columns are NULL. fail: the row meets the poison policy. Default: fail */
  readonly missing?: "null" | "fail";
}

export interface MapEntryDto {
  /** The value at the source */
  readonly from: string | number | boolean | null;
  /** What becomes of it */
  readonly to: string | number | boolean | null;
}

export interface MapOtherwiseDto {
  /** keep: as it is. fail: the row meets the poison policy. value: this */
  readonly kind: "keep" | "fail" | "value";
  /** Only with value, and needed there */
  readonly value?: string | number | boolean | null;
}

export interface MappingCreateDto {
  readonly source: MappingSourceDto;
  readonly target: MappingTargetDto;
  /** Default: {mode: 'all'} */
  readonly columns?: ColumnSelectionDto;
  /** When a row at the target is not as the source says. Default: {kind: 'overwrite'} */
  readonly onConflict?: ConflictPolicyDto;
  /** Tables of a smaller weight are written first, where order between rows is free. Default: 0 */
  readonly weight?: number;
  /** What becomes of rows and values beyond their names. Default: nothing */
  readonly rules?: MappingRulesDto;
}

export interface MappingDto {
  readonly id: string;
  /** Also the ETag; send it as If-Match to refuse a change that somebody else made meanwhile */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly pipelineId: string;
  readonly source: MappingSourceDto;
  readonly target: MappingTargetDto;
  readonly columns: ColumnSelectionDto;
  readonly onConflict: ConflictPolicyDto;
  readonly weight: number;
  /** Left out when there are none */
  readonly rules?: MappingRulesDto;
}

export interface MappingImportDto {
  /** text: one mapping a line, `shop.orders -> copy.orders`; a table may be a range (`orders_[01-16]`) or an expression between slashes (`shop./(order|item)_(\d+)/ -> copy.$1_archive`), names with other signs than letters, digits, _ and $ stand between backquotes, # begins a comment. csv (RFC 4180): the first line names the columns: sourceSchema, sourceTable, targetSchema, and where wanted targetTable, columns (`id; name=title`: only these), except (`secret; old`: all but these), renames (`name=title`), onConflict (a kind, `latestWins:column`), weight */
  readonly format: "text" | "csv";
  readonly content: string;
}

export interface MappingImportResultDto {
  /** Everything was stored; false = nothing was: a dry run, or a line was refused */
  readonly isApplied: boolean;
  readonly lines: readonly (ImportLineDto)[];
  /** What is wrong with the whole, and with no single line */
  readonly problem?: ImportProblemDto;
}

export interface MappingListDto {
  readonly items: readonly (MappingDto)[];
  readonly total: number;
}

export interface MappingPatchDto {
  readonly source?: MappingSourceDto;
  readonly target?: MappingTargetDto;
  readonly columns?: ColumnSelectionDto;
  /** Replaces the policy as a whole */
  readonly onConflict?: ConflictPolicyDto;
  /** Tables of a smaller weight are written first, where order between rows is free. */
  readonly weight?: number;
  /** Replaces the rules as a whole, {} takes them away; masking keys that are left out stay */
  readonly rules?: MappingRulesDto;
}

export interface MappingRulesDto {
  /** Other tables whose columns the rules may use */
  readonly lookups?: readonly (LookupRuleDto)[];
  /** Which rows are taken, and what they become */
  readonly rows?: RowRulesDto;
  /** Columns that are computed, beside those that are taken */
  readonly columns?: readonly (ColumnRuleDto)[];
  /** Makes of a row none, one or several */
  readonly script?: ScriptRuleDto;
  /** Packages that change rows, one behind the other */
  readonly processors?: readonly (ProcessorRuleDto)[];
  /** Which of several tables of the target schema a row goes to */
  readonly route?: RouteDto;
  /** Rows are counted and summed by groups instead of copied */
  readonly aggregate?: AggregateRuleDto;
  /** Groups of columns of the source: when one of a group changes, all of it are written */
  readonly columnGroups?: readonly (readonly (string)[])[];
}

export interface MappingSourceDto {
  /** A name; or {regex}: all schemas whose whole name matches; or {range}: those with a running number. Reserved schemas never match */
  readonly schema: string | {
  readonly regex: string;
} | {
  readonly range: string;
};
  /** Either exact, regex or range */
  readonly table: NamePatternDto;
}

export interface MappingTargetDto {
  /** $s1…$s9 are the groups of a regex schema, $s1 the number of a range, $s0 the whole name; a range of as many schemas takes those of the source one by one */
  readonly schema: string;
  /** Left out = the source's name; $1…$9 are the groups of a regex table, $1 the number of a range, $s0…$s9 those of the schema; a range of as many tables takes those of the source one by one. A name without groups brings all tables into one */
  readonly table?: string;
}

export interface MatchDto {
  readonly table: string;
  /** Its name at the target */
  readonly target: string;
}

export interface MatchListDto {
  /** Tables that a mapping of the pattern would cover now, by name */
  readonly items: readonly (MatchDto)[];
  readonly total: number;
  /** Tables (a hundred at most) that an expression leaves out: an online schema change seems to have made them */
  readonly leftOut: readonly (string)[];
}

export interface MendingStatementDto {
  /** Where it is run; at the bus it is a command of the nats tool */
  readonly at: "source" | "target" | "bus";
  readonly sql: string;
}

export interface MoveRequestDto {
  /** select = the mainstem, load = the loader */
  readonly stage: "select" | "load";
  /** A live instance of that service */
  readonly instance: string;
  readonly reason: string;
}

export interface NamePatternDto {
  /** The table with this name */
  readonly exact?: string;
  /** All tables whose whole name matches, but not those that online schema changes of them make (_t_gho, _t_ghc, _t_del, _t_new, _t_old): an ordinary table of such a name needs a mapping with its exact name */
  readonly regex?: string;
  /** The tables with a running number, both ends included; filled up with zeros where the first number is */
  readonly range?: string;
}

export interface ParameterDto {
  readonly name: "parallelism" | "maxRows" | "maxBytes" | "maxDelayMs" | "loadBatchRows" | "cursorMaxAgeMs" | "heartbeatMs" | "retryInPlaceMs" | "processAgeMaxMs" | "ddl" | "ddlByKind" | "ddlDecisions" | "applyMode" | "extractPlacement" | "transformPlacement" | "priority" | "failoverMode" | "failback" | "preferredSelect" | "preferredLoad" | "queueAgeMaxMs" | "stageAgeMaxMs" | "noProgressMaxMs" | "lanes" | "loadTransactionRows" | "loadTransactionBytes" | "commitTargetMs" | "keepTransactions" | "onPoison" | "poisonTries" | "noPrimaryKey" | "missingColumn" | "schemaEvolution" | "foreignKeys" | "dryRun" | "throttleRowsPerSecond" | "targetRunningThreadsMax" | "targetReplicaLagMaxMs" | "targetHistoryListMax" | "syncMode" | "consistency" | "groupCheckMs" | "skipNoRow";
  /** words: a map to words */
  readonly type: "integer" | "choice" | "flag" | "instance" | "words";
  /** Of an integer */
  readonly minimum?: number;
  /** Of an integer */
  readonly maximum?: number;
  /** Of an integer */
  readonly unit?: string;
  /** Of a choice and of words: what may stand there */
  readonly values?: readonly (string)[];
  /** Of words: names in the map; null = any */
  readonly keys?: readonly (string)[] | null;
  /** What a new pipeline has */
  readonly default: unknown;
  /** From when a change counts. None needs a stop */
  readonly takesEffect: "at once" | "next process" | "next epoch" | "next lease" | "at once, by a restart";
  /** A RESTART of the pipeline brings a change at once; without one it waits for the next */
  readonly waitsForRestart: boolean;
  readonly meaning: string;
}

export interface ParameterEffectDto {
  readonly parameter: "parallelism" | "maxRows" | "maxBytes" | "maxDelayMs" | "loadBatchRows" | "cursorMaxAgeMs" | "heartbeatMs" | "retryInPlaceMs" | "processAgeMaxMs" | "ddl" | "ddlByKind" | "ddlDecisions" | "applyMode" | "extractPlacement" | "transformPlacement" | "priority" | "failoverMode" | "failback" | "preferredSelect" | "preferredLoad" | "queueAgeMaxMs" | "stageAgeMaxMs" | "noProgressMaxMs" | "lanes" | "loadTransactionRows" | "loadTransactionBytes" | "commitTargetMs" | "keepTransactions" | "onPoison" | "poisonTries" | "noPrimaryKey" | "missingColumn" | "schemaEvolution" | "foreignKeys" | "dryRun" | "throttleRowsPerSecond" | "targetRunningThreadsMax" | "targetReplicaLagMaxMs" | "targetHistoryListMax" | "syncMode" | "consistency" | "groupCheckMs" | "skipNoRow";
  readonly takesEffect: "at once" | "next process" | "next epoch" | "next lease" | "at once, by a restart";
  /** Order a RESTART when it shall not wait for the next one */
  readonly waitsForRestart: boolean;
}

export interface ParameterListDto {
  readonly items: readonly (ParameterDto)[];
  readonly total: number;
}

export interface ParametersDto {
  /** Window: processes that may be selected and not yet loaded. Unit: processes. Takes effect: next process */
  readonly parallelism?: number;
  /** Rows after which a process is closed. Unit: rows. Takes effect: next process */
  readonly maxRows?: number;
  /** Bytes of the binary log after which a process is closed. Unit: bytes. Takes effect: next process */
  readonly maxBytes?: number;
  /** Milliseconds after which a process that is not full is closed. Unit: ms. Takes effect: next process */
  readonly maxDelayMs?: number;
  /** Rows that one statement at the target may hold. Unit: rows. Takes effect: next process */
  readonly loadBatchRows?: number;
  /** Milliseconds after which the place is moved on although no mapped row came. Unit: ms. Takes effect: next process */
  readonly cursorMaxAgeMs?: number;
  /** Milliseconds of silence after which the source sends a sign of life. Unit: ms. Takes effect: next epoch */
  readonly heartbeatMs?: number;
  /** Milliseconds for which select and load repeat what may pass, before the pipeline is paused. Unit: ms. Takes effect: next process */
  readonly retryInPlaceMs?: number;
  /** Milliseconds that a process may be open before a warning and a RESTART. Unit: ms. Takes effect: at once */
  readonly processAgeMaxMs?: number;
  /** What schema statements about mapped tables do. sync: they are applied at the target, whose account needs CREATE, ALTER, DROP, INDEX and REFERENCES; pipelines of before it was the default keep fail; skip: passed over with a warning; fail: only what takes rows or tables away stops the pipeline (TRUNCATE, DROP, RENAME, CREATE OR REPLACE, partitions that are dropped, emptied or moved between tables); CREATE, ALTER and indexes do not stop it and are told by the warning SOURCE_DDL_SEEN. To stop at them too: ddlByKind {create: fail, alter: fail, index: fail}. Takes effect: next process */
  readonly ddl?: "sync" | "skip" | "fail";
  /** Another policy for some kinds of statements, which holds literally: fail stops the pipeline before every statement of that kind about a mapped table. A PATCH replaces the whole map. Takes effect: next process */
  readonly ddlByKind?: Readonly<Record<string, "sync" | "skip" | "fail">>;
  /** A person's word about single statements, by the transaction (GTID, or 'file:offset') that the error names. skip: it counts as done; apply: it is run although nobody can tell whether it was. Takes effect: next epoch */
  readonly ddlDecisions?: Readonly<Record<string, "skip" | "apply">>;
  /** merged: fastest, eventually consistent inside a process; transactional: source transactions stay whole and in order. Takes effect: next process */
  readonly applyMode?: "merged" | "transactional";
  /** Which live instance of extract gets a process; any = whoever is free. Takes effect: next process */
  readonly extractPlacement?: "any" | "random" | "roundRobin" | "stick" | "weighted" | "leastLoaded";
  /** Which live instance of transform gets a process; any = whoever is free. Takes effect: next process */
  readonly transformPlacement?: "any" | "random" | "roundRobin" | "stick" | "weighted" | "leastLoaded";
  /** Who goes first where pipelines share an instance. Takes effect: next process */
  readonly priority?: "high" | "normal" | "low";
  /** fast: leases end soon after their holder was last heard; balanced: after the session timeout; safe: as balanced, and load compares the last window first. Takes effect: next lease */
  readonly failoverMode?: "fast" | "balanced" | "safe";
  /** When a preferred instance comes back: stay, return the lease to it, or ask by a warning. Takes effect: at once */
  readonly failback?: "stay" | "return" | "ask";
  /** Instance that should hold the mainstem; '' = the least loaded. Takes effect: next lease */
  readonly preferredSelect?: string;
  /** Instance that should hold the loader; '' = the least loaded. Takes effect: next lease */
  readonly preferredLoad?: string;
  /** Milliseconds that a process may wait in one queue before it is looked into. Unit: ms. Takes effect: at once */
  readonly queueAgeMaxMs?: number;
  /** Milliseconds that a stage may have a process in hand before it is looked into. Unit: ms. Takes effect: at once */
  readonly stageAgeMaxMs?: number;
  /** Milliseconds without a loaded process, while the source goes on, before it is looked into and restarted. Unit: ms. Takes effect: at once */
  readonly noProgressMaxMs?: number;
  /** Ordered writers at the target, in merged mode; a key always belongs to the same one. A change travels as its own process. Unit: lanes. Takes effect: next process */
  readonly lanes?: number;
  /** Rows of one target transaction; one process may hold more. Unit: rows. Takes effect: next process */
  readonly loadTransactionRows?: number;
  /** Bytes of processes that are joined to one target transaction. Unit: bytes. Takes effect: next process */
  readonly loadTransactionBytes?: number;
  /** Milliseconds of a commit above which target transactions are made smaller. Unit: ms. Takes effect: next process */
  readonly commitTargetMs?: number;
  /** transactional: every source transaction stays a target transaction of its own, also when many wait. Takes effect: next process */
  readonly keepTransactions?: boolean;
  /** A row that the target refuses: the pipeline pauses, or the row becomes a dead letter and the pipeline goes on. Takes effect: next process */
  readonly onPoison?: "pause" | "deadLetter";
  /** Tries of a refused row before it counts as poison. Unit: tries. Takes effect: next process */
  readonly poisonTries?: number;
  /** Target tables without a key: rows are found by all their columns, one at a time, or the pipeline stops. Takes effect: next process */
  readonly noPrimaryKey?: "matchAllColumns" | "reject";
  /** A column that the target table does not have: stop, or leave it out. Takes effect: next process */
  readonly missingColumn?: "fail" | "ignore";
  /** A column that appears at the source, in a table of which a mapping takes all columns or all but some. add: as ddl says; ignore: it is not added at the target, and values of columns that the target lacks are left out; fail: the pipeline stops before the ALTER TABLE that would be applied. Takes effect: next process */
  readonly schemaEvolution?: "add" | "ignore" | "fail";
  /** trust: checked at the source and not again (cascading tables are); verify: every row is checked, in source order. Takes effect: next process */
  readonly foreignKeys?: "trust" | "verify";
  /** Nothing is written to the target, the checkpoint included; `dry-run` events tell what would have been. Switched off, work begins at the real checkpoint. Takes effect: at once, by a restart */
  readonly dryRun?: boolean;
  /** Rows per second that are written at most; 0 = no limit. Unit: rows/s. Takes effect: at once */
  readonly throttleRowsPerSecond?: number;
  /** Load waits while the target runs more threads than this; 0 = not looked at. Unit: threads. Takes effect: at once */
  readonly targetRunningThreadsMax?: number;
  /** Load waits while one of the target's replicas is further behind, in milliseconds, or has stopped to replicate; 0 = not looked at. Unit: ms. Takes effect: at once */
  readonly targetReplicaLagMaxMs?: number;
  /** Load waits while the target's history list (undo not purged yet) is longer; 0 = not looked at. Unit: undo logs. Takes effect: at once */
  readonly targetHistoryListMax?: number;
  /** What an update writes. field: the columns whose values changed, and their column groups; row: all columns that the log carries. Takes effect: next process */
  readonly syncMode?: "row" | "field";
  /** base: rows as the log has them; media: rows that are inserted and updated are read again at the source, and written as they are there now. Takes effect: next process */
  readonly consistency?: "base" | "media";
  /** Milliseconds between two comparisons of groups that mappings count with the source; what differs is the warning GROUPS_DIFFER; 0 = never. Unit: ms. Takes effect: at once */
  readonly groupCheckMs?: number;
  /** A row that is to be read again at the source and is no longer there: true = the change is left out, false = it is written as the log has it. Takes effect: next process */
  readonly skipNoRow?: boolean;
}

export interface PasswordChangeDto {
  /** The password of now */
  readonly current: string;
  /** Kept as a scrypt hash; never shown. Must not contain the name */
  readonly password: string;
}

export interface PastPositionDto {
  readonly at: string;
  /** cursor: of the last minute or so; saved: every ten minutes, for a week; rewind: where it stood before a person put it elsewhere */
  readonly origin: "cursor" | "saved" | "rewind";
  readonly epoch: number;
  /** What is done: a GTID set (MySQL), one GTID per domain (MariaDB), or server, file and offset without GTID */
  readonly place: Readonly<Record<string, unknown>>;
  /** Who rewound; '' = nobody */
  readonly author: string;
  readonly reason: string;
}

export interface PipelineChangedDto {
  readonly id: string;
  /** Also the ETag; send it as If-Match to refuse a change that somebody else made meanwhile */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly channelId: string;
  readonly name: string;
  readonly sourceId: string;
  readonly targetId: string;
  /** Number of the newest published definition */
  readonly revision: number;
  readonly parameters: ParametersDto;
  readonly start: StartDto;
  /** From when each parameter counts that is another one now */
  readonly effects: readonly (ParameterEffectDto)[];
}

export interface PipelineCreateDto {
  readonly channelId: string;
  readonly name: string;
  /** Data source that is read */
  readonly sourceId: string;
  /** Data source that is written */
  readonly targetId: string;
  readonly parameters?: ParametersDto;
  /** Default: {kind: 'latest'} */
  readonly start?: StartDto;
}

export interface PipelineDetailDto {
  readonly id: string;
  /** Also the ETag; send it as If-Match to refuse a change that somebody else made meanwhile */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly channelId: string;
  readonly name: string;
  readonly sourceId: string;
  readonly targetId: string;
  /** Number of the newest published definition */
  readonly revision: number;
  readonly parameters: ParametersDto;
  readonly start: StartDto;
  readonly mappings: readonly (MappingDto)[];
}

export interface PipelineDto {
  readonly id: string;
  /** Also the ETag; send it as If-Match to refuse a change that somebody else made meanwhile */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly channelId: string;
  readonly name: string;
  readonly sourceId: string;
  readonly targetId: string;
  /** Number of the newest published definition */
  readonly revision: number;
  readonly parameters: ParametersDto;
  readonly start: StartDto;
}

export interface PipelineListDto {
  readonly items: readonly (PipelineDto)[];
  readonly total: number;
}

export interface PipelinePatchDto {
  readonly name?: string;
  /** Only the parameters to change */
  readonly parameters?: ParametersDto;
  /** Needed to switch dryRun off: from then on the target is written, beginning at its checkpoint */
  readonly confirm?: "apply";
  /** Counts only while the target has no checkpoint of this pipeline */
  readonly start?: StartDto;
}

export interface PipelineStateDto {
  readonly id: string;
  /** Also the ETag; send it as If-Match to refuse a change that somebody else made meanwhile */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly channelId: string;
  readonly name: string;
  readonly sourceId: string;
  readonly targetId: string;
  /** Number of the newest published definition */
  readonly revision: number;
  readonly parameters: ParametersDto;
  readonly start: StartDto;
  readonly mappings: readonly (MappingDto)[];
  /** UNKNOWN while ZooKeeper cannot be asked */
  readonly state: "RUNNING" | "PAUSED" | "STOPPED" | "UNKNOWN";
  /** State and what goes with it in one word: a section of the runbook */
  readonly condition: "running" | "running-draining" | "running-without-mainstem" | "running-without-loader" | "running-and-blocked" | "running-but-the-source-connects" | "running-but-the-source-seeks" | "running-but-the-source-failed" | "running-but-select-is-silent" | "running-and-catching-up" | "paused-waits-for-a-retry" | "paused-waits-for-a-person" | "paused-by-an-order" | "stopped" | "never-started" | "permit-lost" | "unknown";
  /** Section of the runbook that helps first: of the failure that it stands still for, else of the condition */
  readonly runbook: string;
  /** 0 = never started */
  readonly epoch: number;
  /** A PAUSE, a STOP or a graceful RESTART lets what is open come to its end */
  readonly draining: boolean;
  /** The command that follows when the window is empty */
  readonly drainingFor: "START" | "STOP" | "PAUSE" | "ROLLBACK" | "RESTART" | "WARNING" | null;
  readonly reason: string | null;
  /** The failure that led to this state */
  readonly failure: FailureDto | null;
  /** Newest failure of the last minute, also while RUNNING */
  readonly lastFailure: FailureDto | null;
  readonly since: string | null;
  readonly by: string | null;
  /** Restarts in a row for a failure that may pass */
  readonly attempt: number;
  readonly nextAttemptAt: string | null;
  /** Newest command to the pipeline, of an operator, of a stage or of the arbiter */
  readonly lastCommand: CommandDto | null;
  /** What an operator ordered last through the API: START, STOP, PAUSE or RESTART */
  readonly lastOrder: CommandDto | null;
  /** What stages of the running epoch wait for */
  readonly blockers: readonly (BlockerDto)[];
  /** Instances that have to hold mainstem and loader */
  readonly seats: Readonly<Record<string, unknown>> | null;
  /** Null when select was silent for ten seconds */
  readonly select: SelectStateDto | null;
  /** Commit at the source to commit at the target, of the oldest change of each process, over the last minute */
  readonly delayMsP50: number | null;
  readonly delayMsP99: number | null;
  /** Over the last ten seconds */
  readonly rowsPerSecond: number;
  /** Since the pipeline exists */
  readonly rowsLoaded: number;
  /** Dead letters that are not settled, asked of the target every ten seconds at most; null = it cannot be asked */
  readonly deadLettersOpen: number | null;
  /** Rows that were put aside as dead letters, since the pipeline exists */
  readonly deadLetters: number;
  /** Rows that were not at the target as the source said, since the pipeline exists */
  readonly conflicts: number;
  /** Null when there was no dry run */
  readonly dryRun: DryRunReportDto | null;
  readonly cursor: CursorDto | null;
  /** The select instance that is active */
  readonly mainstem: HolderDto | null;
  /** The load instance that is active */
  readonly loader: HolderDto | null;
  /** Processes that are selected and not yet loaded */
  readonly open: readonly (WindowDto)[];
  readonly unavailable: readonly (UnavailableDto)[];
}

export interface PositionDto {
  readonly pipelineId: string;
  /** Grows with each target transaction: what If-Match of a rewind is compared with */
  readonly version: number;
  /** What is done: a GTID set (MySQL), one GTID per domain (MariaDB), or server, file and offset without GTID: in all lanes; null = it has none yet */
  readonly place: Readonly<Record<string, unknown>> | null;
  /** The rows of lutra.checkpoint at the target */
  readonly lanes: readonly (LanePositionDto)[];
  /** What load told select last */
  readonly cursor: CursorDto | null;
  /** Everything that the source has committed */
  readonly sourceEnd: Readonly<Record<string, unknown>> | null;
  readonly distance: DistanceDto | null;
  readonly unavailable: readonly (UnavailablePositionDto)[];
}

export interface PositionHistoryDto {
  readonly items: readonly (PastPositionDto)[];
  readonly total: number;
}

export interface PreCheckDto {
  readonly pipelineId: string;
  readonly checkedAt: string;
  /** Revision of the pipeline that was checked */
  readonly revision: number;
  /** No finding is an error: START is not refused */
  readonly mayStart: boolean;
  /** Errors first; at most 1000 */
  readonly findings: readonly (PreCheckFindingDto)[];
  /** Findings altogether */
  readonly total: number;
  /** Columns that were compared, by what came of it */
  readonly columns: ColumnCountsDto;
}

export interface PreCheckFindingDto {
  /** Stable; docs/pre-check.md tells more */
  readonly code: "SERVER_UNREACHABLE" | "SERVER_REFUSES" | "SERVER_NOT_READ" | "SERVER_OF_OTHER_KIND" | "GRANT_MISSING" | "BINLOG_OFF" | "BINLOG_FORMAT" | "ROW_IMAGE_PARTIAL" | "ROW_METADATA_MINIMAL" | "PARTIAL_JSON" | "GTID_OFF" | "GTID_NOT_STRICT" | "SERVER_ID_ZERO" | "SERVER_ID_SAME" | "LOG_RETENTION_SHORT" | "RESYNC_IMPOSSIBLE" | "RESYNC_UNSAFE" | "START_PURGED" | "PACKET_TOO_SMALL" | "TIME_ZONE_DIFFERS" | "SQL_MODE_DIFFERS" | "CLOCK_DIFFERS" | "LETTER_CASE_DIFFERS" | "TARGET_READ_ONLY" | "AUTO_INCREMENT_COLLIDES" | "PATTERN_MATCHES_NOTHING" | "NAME_CASE_DIFFERS" | "TABLES_NOT_LOOKED_AT" | "MAPPING_COLUMN_UNKNOWN" | "MAPPING_EXPRESSION_INVALID" | "MAPPING_LOOKUP_INVALID" | "MAPPING_NOT_FITTING" | "TABLE_TAKEN_TWICE" | "SHARDS_MAY_COLLIDE" | "LOOKUP_NOT_READ" | "LOOKUP_KEY_NOT_UNIQUE" | "LOOKUP_DECIDES_ROWS" | "GROUP_INDEX_MISSING" | "ROWS_REFUSED" | "ROWS_NOT_TRIED" | "TARGET_TABLE_MISSING" | "ENGINE_UNSAFE" | "KEY_MISSING" | "KEY_NOT_CARRIED" | "KEY_DIFFERS" | "KEY_EXTRA" | "TRIGGER_FIRES" | "FOREIGN_KEY_CHANGES_ROWS" | "FOREIGN_KEY_OUTSIDE" | "FOREIGN_KEY_ORPHANS" | "COLUMN_MISSING" | "COLUMN_UNFILLED" | "COLUMN_COMPUTED" | "TYPE_INCOMPATIBLE" | "TYPE_NARROWER" | "CHARSET_NARROWER" | "COLLATION_DIFFERS" | "BUS_WINDOWS_TOO_LARGE" | "BUS_NEARLY_FULL" | "BUS_UNREACHABLE";
  /** error: START is refused without force */
  readonly severity: "error" | "warning" | "info";
  readonly subject: FindingSubjectDto;
  readonly explanation: string;
  /** What mends it, to be run in this order; empty = no statement does */
  readonly statements: readonly (MendingStatementDto)[];
}

export interface PreviewChangeDto {
  /** At the target */
  readonly schema: string;
  readonly table: string;
  readonly kind: "insert" | "update" | "delete";
  /** By column name. Text, null and numbers as they are; {"integer": "…"} for 64 bits, {"bytes": "…"} in base64; decimals, dates and times as text. A column that is not there is one that the log does not carry */
  readonly before: Readonly<Record<string, unknown>> | null;
  /** By column name. Text, null and numbers as they are; {"integer": "…"} for 64 bits, {"bytes": "…"} in base64; decimals, dates and times as text. A column that is not there is one that the log does not carry */
  readonly after: Readonly<Record<string, unknown>> | null;
  /** What load sends for this row alone; null = it cannot be said, see problem. Nothing was sent */
  readonly sql: string | null;
  /** Why load would refuse it, or why there is no statement */
  readonly problem: string | null;
}

export interface PreviewColumnDto {
  readonly name: string;
  /** That its values have */
  readonly type: string;
}

export interface PreviewDto {
  /** Oldest first */
  readonly rows: readonly (PreviewRowDto)[];
  readonly tables: readonly (PreviewTableDto)[];
  /** Mappings that do not fit a table: its first row stops the pipeline */
  readonly misfits: readonly (PreviewMisfitDto)[];
  /** Why the target was not compared; null = it was */
  readonly targetProblem: string | null;
  /** False: time was up before the end of the log was reached; there are newer rows */
  readonly isComplete: boolean;
}

export interface PreviewMisfitDto {
  readonly mappingId: string;
  readonly schema: string;
  readonly table: string;
  readonly code: string;
  readonly detail: string;
  /** Names and numbers of the case, such as field and position */
  readonly details: Readonly<Record<string, unknown>>;
}

export interface PreviewRequestDto {
  /** Whose source and target are asked */
  readonly pipelineId: string;
  /** As it would be created. With mappingId: as that one would be after the change */
  readonly mapping?: MappingCreateDto;
  /** One that is there. With neither this nor mapping: all of the pipeline */
  readonly mappingId?: string;
  /** Either this or last */
  readonly sample?: SampleDto;
  /** Either this or sample: so many of the newest rows in the source's log that a mapping covers */
  readonly last?: number;
}

export interface PreviewResultDto {
  readonly mappingId: string;
  /** mapped: see changes. dropped: nothing is written. refused: the row meets the poison policy. notTried: time was up */
  readonly outcome: "mapped" | "dropped" | "refused" | "notTried";
  /** Of a refused row */
  readonly code: string | null;
  /** Why it is dropped, refused or was not tried */
  readonly reason: string | null;
  readonly changes: readonly (PreviewChangeDto)[];
  /** What a script has written to its console */
  readonly console: readonly (string)[];
}

export interface PreviewRowDto {
  readonly gtid: string;
  readonly commitAt: string;
  /** Number of the rows event in its transaction; of sample rows 0 */
  readonly event: number;
  /** Number of the row in its event; of sample rows in the sample */
  readonly row: number;
  /** At the source */
  readonly schema: string;
  readonly table: string;
  readonly kind: "insert" | "update" | "delete";
  /** By column name. Text, null and numbers as they are; {"integer": "…"} for 64 bits, {"bytes": "…"} in base64; decimals, dates and times as text. A column that is not there is one that the log does not carry */
  readonly before: Readonly<Record<string, unknown>> | null;
  /** By column name. Text, null and numbers as they are; {"integer": "…"} for 64 bits, {"bytes": "…"} in base64; decimals, dates and times as text. A column that is not there is one that the log does not carry */
  readonly after: Readonly<Record<string, unknown>> | null;
  /** One for each mapping that covers the table; empty = none does */
  readonly results: readonly (PreviewResultDto)[];
}

export interface PreviewTableDto {
  readonly mappingId: string;
  /** At the source */
  readonly source: string;
  /** At the target */
  readonly schema: string;
  readonly table: string;
  /** What its rows carry */
  readonly columns: readonly (PreviewColumnDto)[];
  /** Whether the table is there; null = not known */
  readonly isThere: boolean | null;
  /** Its columns against those of the target, as the pre-check has it */
  readonly findings: readonly (PreCheckFindingDto)[];
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly workaround: string;
  /** Section of the runbook */
  readonly runbook: string;
  /** Names and numbers of the case */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface ProcessDto {
  readonly epoch: number;
  readonly process: number;
  readonly state: "open" | "loaded";
  /** Open: since it was selected; loaded: from select to load */
  readonly ageMs: number;
  readonly rowCount: number | null;
  readonly transactionCount: number | null;
  readonly bytes: number;
  readonly loadedAt: string | null;
  readonly traceId: string | null;
  /** Empty while it is open */
  readonly stages: readonly (ProcessStageDto)[];
}

export interface ProcessListDto {
  readonly items: readonly (ProcessDto)[];
  readonly total: number;
}

export interface ProcessStageDto {
  readonly stage: "select" | "extract" | "transform" | "load";
  readonly instance: string;
  readonly startedAt: string;
  /** Time that the stage had the process in hand */
  readonly durationMs: number;
  readonly rowCount: number;
  readonly bytes: number;
}

export interface ProcessorRuleDto {
  /** Name of a package, or of an entry of one, that the installation allows (LUTRA_PROCESSORS) */
  readonly name: string;
  /** As the package asks for them; no place for secrets. Default: {} */
  readonly settings?: Readonly<Record<string, unknown>>;
}

export interface ReceiverCreateDto {
  /** A receiver that is not enabled is sent nothing; what waits for it is kept for a day, then dropped */
  readonly enabled?: boolean;
  /** Kind email: host, port, sender and recipients are needed */
  readonly email?: EmailPatchDto;
  /** All other kinds: url is needed */
  readonly http?: HttpPatchDto;
  readonly name: string;
  readonly kind: "email" | "webhook" | "dingTalk" | "slack" | "alertmanager";
}

export interface ReceiverDto {
  readonly id: string;
  /** Also the ETag; send it as If-Match to refuse a change that somebody else made meanwhile */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly name: string;
  readonly kind: "email" | "webhook" | "dingTalk" | "slack" | "alertmanager";
  readonly enabled: boolean;
  readonly email: EmailDto | null;
  readonly http: HttpDto | null;
  /** 'failing' = the last try did not succeed */
  readonly state: "unused" | "ok" | "failing";
  readonly lastSentAt: string | null;
  readonly lastFailure: ReceiverFailureDto | null;
  /** Tries that failed since the last success */
  readonly failuresInRow: number;
  /** Notifications that it still has to be told */
  readonly waiting: number;
  /** Notifications that it was never told and will not be, of the alarms that the history still has */
  readonly dropped: number;
}

export interface ReceiverFailureDto {
  readonly code: string;
  readonly detail: string;
  readonly at: string;
}

export interface ReceiverListDto {
  readonly items: readonly (ReceiverDto)[];
  readonly total: number;
}

export interface ReceiverPatchDto {
  /** A receiver that is not enabled is sent nothing; what waits for it is kept for a day, then dropped */
  readonly enabled?: boolean;
  /** Kind email: host, port, sender and recipients are needed */
  readonly email?: EmailPatchDto;
  /** All other kinds: url is needed */
  readonly http?: HttpPatchDto;
  readonly name?: string;
}

export interface RecoveryDto {
  /** At this telling of one alarm: RESTART */
  readonly restartAt: number | null;
  /** At this telling, after the RESTART: STOP */
  readonly stopAt: number | null;
}

export interface RefusalDto {
  readonly code: string;
  readonly detail: string;
}

export interface RemovalDto {
  /** Id that the pipeline had */
  readonly id: string;
  readonly name: string;
  /** Channel that it belonged to; null = not noted at the time */
  readonly channelId: string | null;
  /** Data source that it wrote */
  readonly targetId: string;
  /** done: nothing of it is left */
  readonly state: "pending" | "done";
  /** services: NATS and ZooKeeper have to forget it; target: its rows in database lutra have to go */
  readonly waitsFor: "services" | "target" | null;
  readonly askedAt: string;
  /** Who removed it */
  readonly askedBy: string;
  /** In vain, at the target */
  readonly attempts: number;
  /** Why the last attempt was in vain */
  readonly problem: RemovalProblemDto | null;
  readonly nextAttemptAt: string | null;
  readonly doneAt: string | null;
}

export interface RemovalListDto {
  readonly items: readonly (RemovalDto)[];
  readonly total: number;
}

export interface RemovalProblemDto {
  readonly code: string;
  readonly detail: string;
  readonly workaround: string;
}

export interface ResolvedMappingDto {
  readonly mappingId: string;
  /** The name, the range or the expression of its schemas */
  readonly schemaPattern: string;
  /** How it names the table */
  readonly by: "exact" | "range" | "regex";
  /** The name, the range or the expression */
  readonly pattern: string;
  /** Why it covers the table */
  readonly reason: string;
  /** Where its rows go; several when a rule routes them */
  readonly targets: readonly (TargetTableDto)[];
  readonly columns: ColumnSelectionDto;
  /** Left out when there are none */
  readonly rules?: MappingRulesDto;
}

export interface ResyncDto {
  readonly id: string;
  readonly pipelineId: string;
  /** applying: all images stand in the log of the source, and load has not passed the last of them yet */
  readonly state: "running" | "applying" | "done" | "stopped" | "failed";
  readonly schema: string;
  readonly table: string;
  /** buffer: all that was written into retl.retl_buffer at the source; of what was rejected the newest 1000 */
  readonly kind: "keys" | "range" | "where" | "buffer";
  /** As asked for; null in a list of jobs */
  readonly keys: readonly (readonly (string)[])[] | null;
  readonly range: ResyncRangeDto | null;
  readonly where: string | null;
  readonly rowsPerSecond: number;
  /** Keys that are done: sent, gone and rejected */
  readonly done: number;
  /** Rows whose images were sent */
  readonly sent: number;
  /** Keys without a row, which are deleted at the target */
  readonly gone: number;
  /** Every key that is not sent, and why */
  readonly rejected: readonly (ResyncRejectedDto)[];
  /** The key that was found last; a job goes on behind it */
  readonly lastKey: readonly (string)[] | null;
  /** Where the log of the source ended behind the newest image */
  readonly place: string | null;
  /** What it waits for, or why it has failed; empty = nothing */
  readonly cause: string;
  readonly author: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface ResyncListDto {
  readonly items: readonly (ResyncDto)[];
  readonly total: number;
}

export interface ResyncRangeDto {
  readonly from: readonly (string)[];
  readonly to: readonly (string)[];
}

export interface ResyncRejectedDto {
  readonly key: readonly (string)[];
  readonly reason: string;
}

export interface ResyncRequestDto {
  readonly schema: string;
  readonly table: string;
  /** Of each key the values in the order of the primary key, as texts: timestamps in UTC, bytes as 0x… A key without a row deletes the row at the target. One of keys, range and where */
  readonly keys?: readonly (readonly (string)[])[];
  /** Rows between two keys, both of them included */
  readonly range?: ResyncRangeDto;
  /** A condition in the source's SQL over the columns of the table */
  readonly where?: string;
  readonly rowsPerSecond?: number;
}

export interface RevisionDetailDto {
  /** Grows by one with each change */
  readonly number: number;
  readonly at: string;
  /** Who made it; '' = made before revisions were kept */
  readonly author: string;
  /** The change's X-Comment; '' = none */
  readonly comment: string;
  /** The stages work by this one now */
  readonly isCurrent: boolean;
  /** The definition as the stages got it, without secrets. `source.mark` and `target.mark` differ between two revisions when anything of the data source does, the password included */
  readonly definition: Readonly<Record<string, unknown>>;
}

export interface RevisionDiffDto {
  readonly before: number;
  readonly after: number;
  /** Empty when both say the same */
  readonly differences: readonly (DifferenceDto)[];
}

export interface RevisionDto {
  /** Grows by one with each change */
  readonly number: number;
  readonly at: string;
  /** Who made it; '' = made before revisions were kept */
  readonly author: string;
  /** The change's X-Comment; '' = none */
  readonly comment: string;
  /** The stages work by this one now */
  readonly isCurrent: boolean;
}

export interface RevisionListDto {
  readonly items: readonly (RevisionDto)[];
  readonly total: number;
}

export interface RewindPreviewDto {
  /** back: repeats; forward: leaves out; across: each place has transactions that the other has not, as after the loss of a source */
  readonly direction: "back" | "forward" | "across" | "none";
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
  /** Transactions that would be repeated, or left out */
  readonly transactions: number;
  readonly bytes: number;
  /** Mapped ones, the largest first */
  readonly tables: readonly (RewindTableDto)[];
  /** Statements among them that are logged as text, such as ALTER TABLE */
  readonly statements: number;
  readonly firstCommitAt: string | null;
  readonly lastCommitAt: string | null;
  /** False: there is more of it than could be read in a few seconds */
  readonly isComplete: boolean;
  /** Why the source cannot serve that place; null = it can */
  readonly refusal: RefusalDto | null;
  /** Tables whose rows would be doubled */
  readonly unrepeatable: readonly (UnrepeatableTableDto)[];
  /** Rows would be doubled or left out, or nobody knows: it has to be said twice */
  readonly needsForce: boolean;
}

export interface RewindPreviewRequestDto {
  /** Where to go: a time, GTIDs that count as done, or file and offset */
  readonly to: StartDto;
}

export interface RewindRequestDto {
  /** Where to go: a time, GTIDs that count as done, or file and offset */
  readonly to: StartDto;
  readonly reason: string;
  /** Needed where the preview says so */
  readonly force?: boolean;
}

export interface RewindTableDto {
  /** At the source */
  readonly schema: string;
  readonly table: string;
  /** Rows events: a statement of many rows is one, or some */
  readonly events: number;
  readonly bytes: number;
}

export interface RollbackDto {
  /** Needed when the revision has dryRun switched off and the pipeline has not */
  readonly confirm?: "apply";
}

export interface RouteDto {
  /** Gives the name of the row's table */
  readonly expression: string;
  /** All names that there may be; another one is an error of the row */
  readonly tables: readonly (string)[];
}

export interface RowRulesDto {
  /** An expression of type bool over a row: exactly the rows that it accepts stand at the target. A row that enters is inserted, one that leaves is deleted. before.x and after.x are the columns of both images of the change */
  readonly filter?: string;
  /** Kinds of changes that are left out */
  readonly leaveOut?: readonly ("insert" | "update" | "delete")[];
  /** A row that is deleted stays at the target and is flagged */
  readonly softDelete?: SoftDeleteDto;
  /** One row becomes one for each element of a column */
  readonly explode?: ExplodeDto;
}

export interface SampleColumnDto {
  readonly name: string;
  /** As a CREATE TABLE names it */
  readonly type: string;
  /** Default: true */
  readonly nullable?: boolean;
}

export interface SampleDto {
  readonly schema: string;
  readonly table: string;
  /** What the table looks like. Default: as it is at the source now, which is asked */
  readonly columns?: readonly (SampleColumnDto)[];
  /** Only with columns: its primary key */
  readonly primaryKey?: readonly (string)[];
  readonly rows: readonly (SampleRowDto)[];
}

export interface SampleRowDto {
  readonly kind: "insert" | "update" | "delete";
  /** Of an update and a delete. By column name. Text, null and numbers as they are; {"integer": "…"} for 64 bits, {"bytes": "…"} in base64; decimals, dates and times as text. A column that is not there is one that the log does not carry */
  readonly before?: Readonly<Record<string, unknown>>;
  /** Of an insert and an update. By column name. Text, null and numbers as they are; {"integer": "…"} for 64 bits, {"bytes": "…"} in base64; decimals, dates and times as text. A column that is not there is one that the log does not carry */
  readonly after?: Readonly<Record<string, unknown>>;
  /** What rules may ask for. Default: '' */
  readonly gtid?: string;
  /** Default: now */
  readonly commitAt?: string;
}

export interface ScheduleDto {
  /** IANA name; windows are wall-clock time, also when clocks change */
  readonly timeZone: string;
  readonly windows: readonly (ScheduleWindowDto)[];
}

export interface ScheduleWindowDto {
  /** 1 = Monday … 7 = Sunday */
  readonly days: readonly (1 | 2 | 3 | 4 | 5 | 6 | 7)[];
  readonly from: string;
  /** Not later than from: until that time of the next day */
  readonly until: string;
}

export interface SchemaDto {
  readonly schema: string;
  readonly charset: string;
  readonly collation: string;
  /** Belongs to the server or to Lutra: cannot be mapped */
  readonly isReserved: boolean;
}

export interface SchemaListDto {
  readonly items: readonly (SchemaDto)[];
  readonly total: number;
}

export interface ScriptColumnDto {
  readonly name: string;
  /** As a CREATE TABLE names it */
  readonly type: string;
}

export interface ScriptRuleDto {
  /** JavaScript with a function transform(row, context) */
  readonly source: string;
  /** Columns that it gives beside those that there are */
  readonly columns?: readonly (ScriptColumnDto)[];
  /** Milliseconds for one row. Default: 1000 */
  readonly timeMs?: number;
  /** Bytes for one row. Default: 33554432 */
  readonly memoryBytes?: number;
}

export interface SecretKeyDto {
  /** null = values that no key opens */
  readonly id: string | null;
  /** missing: this manager does not have the key */
  readonly state: "newest" | "older" | "missing";
  /** Passwords and keys of data sources */
  readonly dataSources: number;
  readonly receivers: number;
  /** Of removed pipelines, for as long as something of them is at a target */
  readonly removals: number;
  /** Keys that values are masked under */
  readonly mappings: number;
  /** In the definitions that stages get */
  readonly definitions: number;
  /** Nothing stands under it any more: it may be taken out of LUTRA_SECRET_KEY everywhere */
  readonly mayBeRemoved: boolean;
}

export interface SecretsDto {
  /** Newest first, then those that are missing here */
  readonly keys: readonly (SecretKeyDto)[];
  /** Secrets that are given as env:NAME or file:/path, and stand under no key */
  readonly references: number;
  /** Definitions that are not on the bus yet: stages have older ones */
  readonly unpublished: number;
}

export interface SelectStateDto {
  readonly state: "connecting" | "seeking" | "streaming" | "idle" | "catchingUp" | "drained" | "failed";
  readonly cause: string | null;
  /** Server of the source's group that is read, or was last, as host:port; null before the first one */
  readonly source: string | null;
  /** Clock of the source minus commit time of the newest event read; 0 when idle */
  readonly lagMs: number;
}

export interface SendFailureDto {
  readonly code: string;
  readonly detail: string;
}

export interface ServerAddressDto {
  readonly host: string;
  readonly port: number;
}

export interface SessionStartedDto {
  /** Sent as `Authorization: Bearer …`; only its hash is kept */
  readonly token: string;
  /** The session ends then, whatever happens */
  readonly endsAt: string;
  /** Seconds without a request after which the session ends */
  readonly idleS: number;
  readonly caller: CallerDto;
}

export interface SettingRevisionDto {
  /** Grows by one with each change */
  readonly number: number;
  readonly at: string;
  /** Who made it; '' = made before revisions were kept */
  readonly author: string;
  /** The change's X-Comment; '' = none */
  readonly comment: string;
  /** The stages work by this one now */
  readonly isCurrent: boolean;
  /** What a rollback puts back */
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface SkipCreateDto {
  /** As in a failure's message or a dead letter */
  readonly gtid: string;
  /** Only this row; left out = the whole transaction */
  readonly row?: SkippedRowDto;
  /** `hash` of the preview: what was seen is what is left out */
  readonly confirmHash: string;
  readonly reason: string;
}

export interface SkipDto {
  readonly id: string;
  readonly pipelineId: string;
  readonly gtid: string;
  readonly row: SkippedRowDto | null;
  readonly reason: string;
  readonly author: string;
  readonly at: string;
}

export interface SkipListDto {
  readonly items: readonly (SkipDto)[];
  readonly total: number;
}

export interface SkipPreviewDto {
  readonly gtid: string;
  readonly commitAt: string;
  /** Rows of mapped tables, the first thousand */
  readonly rows: readonly (SourceRowDto)[];
  /** How many there are, as far as they were read */
  readonly rowCount: number;
  /** Rows events that are too large to be shown */
  readonly eventsNotShown: number;
  /** Schema statements: decided by `ddlDecisions`, not here */
  readonly statements: number;
  /** Goes into confirmHash */
  readonly hash: string;
}

export interface SkippedRowDto {
  /** Rows event of the transaction, from 0 */
  readonly event: number;
  /** Row of the event, from 0 */
  readonly row: number;
}

export interface SoftDeleteDto {
  /** At the target */
  readonly column: string;
  /** What the column holds when the row is gone at the source */
  readonly deleted: string | number | boolean | null;
  /** What it holds as long as the row is there */
  readonly present: string | number | boolean | null;
}

export interface SourceRowDto {
  readonly event: number;
  readonly row: number;
  /** At the source */
  readonly schema: string;
  readonly table: string;
  readonly kind: "insert" | "update" | "delete";
  /** By column name. 64-bit integers are {"integer": "…"}, bytes are {"bytes": "…"} in base64, a value that is too long for a look is {"length": …, "sha256": "…"} */
  readonly before: Readonly<Record<string, unknown>> | null;
  /** By column name. 64-bit integers are {"integer": "…"}, bytes are {"bytes": "…"} in base64, a value that is too long for a look is {"length": …, "sha256": "…"} */
  readonly after: Readonly<Record<string, unknown>> | null;
}

export interface StageFiguresDto {
  /** Time of all processes together */
  readonly ms: number;
  /** The longest of one process */
  readonly msMax: number;
}

export interface StandbyCheckDto {
  readonly address: string;
  readonly reachable: boolean;
  /** Why it is not reachable */
  readonly failure: FindingDto | null;
  readonly version: string | null;
  /** What speaks against it as the source of a pipeline */
  readonly asSource: readonly (FindingDto)[];
}

export interface StartDto {
  readonly kind: "latest" | "time" | "gtid" | "file";
  /** Only with kind 'time': the first transaction that committed then or later, by the source's clock, is the first one read */
  readonly time?: string;
  /** Only with kind 'gtid': everything in this set is done */
  readonly gtid?: string;
  /** Only with kind 'file' */
  readonly file?: string;
  /** Only with kind 'file'; 4 is the beginning of a file */
  readonly offset?: number;
}

export interface StatisticCountsDto {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Rows that the checkpoint said are done already */
  readonly skipped: number;
  readonly conflicts: number;
  readonly transactions: number;
  readonly processes: number;
  readonly sourceBytes: number;
  readonly failures: number;
  readonly warnings: number;
  /** Rows that were put aside */
  readonly deadLetters: number;
  /** Rows that were put aside and are written now */
  readonly deadLettersRetried: number;
  /** Rows that were put aside and given up */
  readonly deadLettersDiscarded: number;
  readonly deadLetterRetriesFailed: number;
  /** Rows that dryRun has not written */
  readonly dryRunRows: number;
  /** Values of columns that the target lacks, left out because missingColumn is ignore */
  readonly valuesLeftOut: number;
  /** Schema statements of the source that were passed over: by policy or decision, views, routines, triggers, … */
  readonly statementsSkipped: number;
}

export interface StatisticFiguresDto {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Rows that the checkpoint said are done already */
  readonly skipped: number;
  readonly conflicts: number;
  readonly transactions: number;
  readonly processes: number;
  readonly sourceBytes: number;
  readonly failures: number;
  readonly warnings: number;
  /** Rows that were put aside */
  readonly deadLetters: number;
  /** Rows that were put aside and are written now */
  readonly deadLettersRetried: number;
  /** Rows that were put aside and given up */
  readonly deadLettersDiscarded: number;
  readonly deadLetterRetriesFailed: number;
  /** Rows that dryRun has not written */
  readonly dryRunRows: number;
  /** Values of columns that the target lacks, left out because missingColumn is ignore */
  readonly valuesLeftOut: number;
  /** Schema statements of the source that were passed over: by policy or decision, views, routines, triggers, … */
  readonly statementsSkipped: number;
  /** At most 2.2 % off */
  readonly delayMsP50: number | null;
  /** At most 2.2 % off */
  readonly delayMsP99: number | null;
  /** Exact */
  readonly delayMsMax: number | null;
  /** By stage, and `process` from the first stage to the end of the last; those without processes are left out */
  readonly stages: Readonly<Record<string, StageFiguresDto>>;
}

export interface StatisticHoleDto {
  readonly from: string;
  readonly to: string;
}

export interface StatisticPointDto {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  /** Rows that the checkpoint said are done already */
  readonly skipped: number;
  readonly conflicts: number;
  readonly transactions: number;
  readonly processes: number;
  readonly sourceBytes: number;
  readonly failures: number;
  readonly warnings: number;
  /** Rows that were put aside */
  readonly deadLetters: number;
  /** Rows that were put aside and are written now */
  readonly deadLettersRetried: number;
  /** Rows that were put aside and given up */
  readonly deadLettersDiscarded: number;
  readonly deadLetterRetriesFailed: number;
  /** Rows that dryRun has not written */
  readonly dryRunRows: number;
  /** Values of columns that the target lacks, left out because missingColumn is ignore */
  readonly valuesLeftOut: number;
  /** Schema statements of the source that were passed over: by policy or decision, views, routines, triggers, … */
  readonly statementsSkipped: number;
  /** At most 2.2 % off */
  readonly delayMsP50: number | null;
  /** At most 2.2 % off */
  readonly delayMsP99: number | null;
  /** Exact */
  readonly delayMsMax: number | null;
  /** By stage, and `process` from the first stage to the end of the last; those without processes are left out */
  readonly stages: Readonly<Record<string, StageFiguresDto>>;
  /** Beginning of the step */
  readonly at: string;
}

export interface StatisticsDto {
  readonly step: "1s" | "1m" | "1h" | "1d";
  /** Beginning of the first step */
  readonly from: string;
  /** End of the last step */
  readonly to: string;
  /** Times of which figures are too low: the event log had dropped events before a manager read them */
  readonly holes: readonly (StatisticHoleDto)[];
  /** Of the whole time */
  readonly sum: StatisticFiguresDto;
  /** Oldest first; steps in which nothing happened are left out */
  readonly points: readonly (StatisticPointDto)[];
  /** Of a pipeline only */
  readonly live: LiveFiguresDto | null;
}

export interface SystemParametersDto {
  readonly id: string;
  /** Also the ETag; send it as If-Match to refuse a change that somebody else made meanwhile */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly pipelineDefaults: ParametersDto;
  /** From which level on all instances write to their logs, later ones too, where no order for one instance says otherwise; null = as each was started. Reaches them within seconds */
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error" | null;
  /** Revisions that are kept of each pipeline, the newest; older ones go with its next change */
  readonly revisionsMax: number;
  /** How long a removal that is done is shown */
  readonly removalDays: number;
  /** How long statistics by the second are kept; older ones go within a minute */
  readonly statistics1sMinutes: number;
  /** How long statistics by the minute are kept; older ones go within a minute */
  readonly statistics1mDays: number;
  /** How long statistics by the hour are kept; older ones go within a minute */
  readonly statistics1hDays: number;
  /** How long statistics by the day are kept; older ones go within a minute */
  readonly statistics1dDays: number;
  /** How long loaded processes are kept, and at most the newest 10 000 of each pipeline; older ones go within a minute */
  readonly processHours: number;
  /** How long alarms that are over are kept, and at most the newest 100 000; older ones go within ten minutes */
  readonly alarmDays: number;
  /** After so long without a request a session has ended; counts for the next request of each */
  readonly sessionIdleMinutes: number;
  /** So long after its login a session ends; counts from the next login on */
  readonly sessionHours: number;
}

export interface SystemParametersPatchDto {
  /** What a new pipeline is made with where the request says nothing; replaced as a whole, null = nothing. Pipelines that there are, and documents of channels, stay as they are */
  readonly pipelineDefaults?: ParametersDto | null;
  /** From which level on all instances write to their logs, later ones too, where no order for one instance says otherwise; null = as each was started. Reaches them within seconds */
  readonly logLevel?: "trace" | "debug" | "info" | "warn" | "error" | null;
  /** Revisions that are kept of each pipeline, the newest; older ones go with its next change. Unit: revisions. Null = the default */
  readonly revisionsMax?: number | null;
  /** How long a removal that is done is shown. Unit: days. Null = the default */
  readonly removalDays?: number | null;
  /** How long statistics by the second are kept; older ones go within a minute. Unit: minutes. Null = the default */
  readonly statistics1sMinutes?: number | null;
  /** How long statistics by the minute are kept; older ones go within a minute. Unit: days. Null = the default */
  readonly statistics1mDays?: number | null;
  /** How long statistics by the hour are kept; older ones go within a minute. Unit: days. Null = the default */
  readonly statistics1hDays?: number | null;
  /** How long statistics by the day are kept; older ones go within a minute. Unit: days. Null = the default */
  readonly statistics1dDays?: number | null;
  /** How long loaded processes are kept, and at most the newest 10 000 of each pipeline; older ones go within a minute. Unit: hours. Null = the default */
  readonly processHours?: number | null;
  /** How long alarms that are over are kept, and at most the newest 100 000; older ones go within ten minutes. Unit: days. Null = the default */
  readonly alarmDays?: number | null;
  /** After so long without a request a session has ended; counts for the next request of each. Unit: minutes. Null = the default */
  readonly sessionIdleMinutes?: number | null;
  /** So long after its login a session ends; counts from the next login on. Unit: hours. Null = the default */
  readonly sessionHours?: number | null;
}

export interface TableDetailDto {
  readonly table: string;
  /** Views cannot be mapped */
  readonly isView: boolean;
  /** null = a view */
  readonly engine: string | null;
  readonly collation: string | null;
  /** The server's guess */
  readonly rowEstimate: number | null;
  readonly schema: string;
  /** In the order of the table */
  readonly columns: readonly (ColumnDto)[];
  /** The primary key first */
  readonly keys: readonly (KeyDto)[];
  readonly foreignKeys: readonly (ForeignKeyDto)[];
  readonly triggers: readonly (TriggerDto)[];
}

export interface TableDto {
  readonly table: string;
  /** Views cannot be mapped */
  readonly isView: boolean;
  /** null = a view */
  readonly engine: string | null;
  readonly collation: string | null;
  /** The server's guess */
  readonly rowEstimate: number | null;
}

export interface TableListDto {
  readonly items: readonly (TableDto)[];
  readonly total: number;
}

export interface TablePointDto {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly skipped: number;
  /** Beginning of the step */
  readonly at: string;
}

export interface TableResolutionDto {
  readonly schema: string;
  readonly table: string;
  /** Those that cover it, the most specific first: exact names of schema and table, ranges, expressions with the longer literal part. Each gives rows of its own; empty = the table is not replicated */
  readonly mappings: readonly (ResolvedMappingDto)[];
  /** Those that do not, and why */
  readonly others: readonly (UnmatchedMappingDto)[];
}

export interface TableStatisticDto {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly skipped: number;
  /** Target table; * = tables beyond the number that is told apart */
  readonly table: string;
  /** When one table was asked for */
  readonly points?: readonly (TablePointDto)[];
}

export interface TableStatisticsDto {
  readonly step: "1s" | "1m" | "1h" | "1d";
  /** Beginning of the first step */
  readonly from: string;
  /** End of the last step */
  readonly to: string;
  /** Times of which figures are too low: the event log had dropped events before a manager read them */
  readonly holes: readonly (StatisticHoleDto)[];
  readonly items: readonly (TableStatisticDto)[];
  readonly total: number;
}

export interface TargetChangeDto {
  readonly count: number;
  /** There is more of it: send the request again */
  readonly isMore: boolean;
}

export interface TargetTableDto {
  readonly schema: string;
  readonly table: string;
}

export interface TestSendDto {
  readonly isSent: boolean;
  /** Why not */
  readonly failure: SendFailureDto | null;
}

export interface TriggerDto {
  readonly name: string;
  readonly timing: "BEFORE" | "AFTER";
  readonly event: "INSERT" | "UPDATE" | "DELETE";
}

export interface UnavailableDto {
  readonly part: "permit" | "mainstem" | "loader" | "cursor" | "commands" | "deadLetters";
  readonly code: string;
  readonly detail: string;
}

export interface UnavailablePositionDto {
  readonly part: "checkpoint" | "cursor" | "source";
  readonly code: string;
  readonly detail: string;
}

export interface UnavailableTargetDto {
  /** Data source */
  readonly targetId: string;
  readonly code: string;
  readonly detail: string;
}

export interface UnmatchedMappingDto {
  readonly mappingId: string;
  readonly schemaPattern: string;
  readonly pattern: string;
  readonly reason: string;
}

export interface UnrepeatableTableDto {
  /** At the target */
  readonly schema: string;
  readonly table: string;
  /** It has no key; or its mapping adds differences up */
  readonly why: "noKey" | "delta";
}

export interface UserCreateDto {
  readonly name: string;
  /** Kept as a scrypt hash; never shown. Must not contain the name */
  readonly password: string;
  readonly role: "viewer" | "operator" | "admin";
  /** The user sees and changes only these channels and what belongs to them. Left out = everything */
  readonly channelIds?: readonly (string)[];
}

export interface UserDto {
  readonly id: string;
  /** Also the ETag; send it as If-Match to refuse a change that somebody else made meanwhile */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly name: string;
  readonly role: "viewer" | "operator" | "admin";
  /** null = everything */
  readonly channelIds: readonly (string)[] | null;
}

export interface UserListDto {
  readonly items: readonly (UserDto)[];
  readonly total: number;
}

export interface UserPatchDto {
  /** Sets another password and ends all sessions of the user */
  readonly password?: string;
  /** Counts from the next request on */
  readonly role?: "viewer" | "operator" | "admin";
  /** null = everything */
  readonly channelIds?: readonly (string)[] | null;
}

export interface WindowDto {
  readonly process: number;
  readonly ageMs: number;
  readonly bytes: number;
}
