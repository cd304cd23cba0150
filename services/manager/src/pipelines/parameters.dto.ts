import type { PipelineParameters } from '@lutra/model';
import { Parameter } from './parameter.decorator.ts';

/** What may be set of a pipeline's parameters; what is left out keeps its default (or, in a PATCH, its value). */
export class ParametersDto implements Partial<PipelineParameters> {
  @Parameter('parallelism')
  parallelism?: number;

  @Parameter('maxRows')
  maxRows?: number;

  @Parameter('maxBytes')
  maxBytes?: number;

  @Parameter('maxDelayMs')
  maxDelayMs?: number;

  @Parameter('loadBatchRows')
  loadBatchRows?: number;

  @Parameter('cursorMaxAgeMs')
  cursorMaxAgeMs?: number;

  @Parameter('heartbeatMs')
  heartbeatMs?: number;

  @Parameter('retryInPlaceMs')
  retryInPlaceMs?: number;

  @Parameter('processAgeMaxMs')
  processAgeMaxMs?: number;

  @Parameter('ddl')
  ddl?: PipelineParameters['ddl'];

  @Parameter('ddlByKind')
  ddlByKind?: PipelineParameters['ddlByKind'];

  @Parameter('ddlDecisions')
  ddlDecisions?: PipelineParameters['ddlDecisions'];

  @Parameter('applyMode')
  applyMode?: PipelineParameters['applyMode'];

  @Parameter('extractPlacement')
  extractPlacement?: PipelineParameters['extractPlacement'];

  @Parameter('transformPlacement')
  transformPlacement?: PipelineParameters['transformPlacement'];

  @Parameter('priority')
  priority?: PipelineParameters['priority'];

  @Parameter('failoverMode')
  failoverMode?: PipelineParameters['failoverMode'];

  @Parameter('failback')
  failback?: PipelineParameters['failback'];

  @Parameter('preferredSelect')
  preferredSelect?: string;

  @Parameter('preferredLoad')
  preferredLoad?: string;

  @Parameter('queueAgeMaxMs')
  queueAgeMaxMs?: number;

  @Parameter('stageAgeMaxMs')
  stageAgeMaxMs?: number;

  @Parameter('noProgressMaxMs')
  noProgressMaxMs?: number;

  @Parameter('lanes')
  lanes?: number;

  @Parameter('loadTransactionRows')
  loadTransactionRows?: number;

  @Parameter('loadTransactionBytes')
  loadTransactionBytes?: number;

  @Parameter('commitTargetMs')
  commitTargetMs?: number;

  @Parameter('keepTransactions')
  keepTransactions?: boolean;

  @Parameter('onPoison')
  onPoison?: PipelineParameters['onPoison'];

  @Parameter('poisonTries')
  poisonTries?: number;

  @Parameter('noPrimaryKey')
  noPrimaryKey?: PipelineParameters['noPrimaryKey'];

  @Parameter('missingColumn')
  missingColumn?: PipelineParameters['missingColumn'];

  @Parameter('schemaEvolution')
  schemaEvolution?: PipelineParameters['schemaEvolution'];

  @Parameter('foreignKeys')
  foreignKeys?: PipelineParameters['foreignKeys'];

  @Parameter('dryRun')
  dryRun?: boolean;

  @Parameter('throttleRowsPerSecond')
  throttleRowsPerSecond?: number;

  @Parameter('targetRunningThreadsMax')
  targetRunningThreadsMax?: number;

  @Parameter('targetReplicaLagMaxMs')
  targetReplicaLagMaxMs?: number;

  @Parameter('targetHistoryListMax')
  targetHistoryListMax?: number;

  @Parameter('syncMode')
  syncMode?: PipelineParameters['syncMode'];

  @Parameter('consistency')
  consistency?: PipelineParameters['consistency'];

  @Parameter('groupCheckMs')
  groupCheckMs?: number;

  @Parameter('skipNoRow')
  skipNoRow?: boolean;
}
