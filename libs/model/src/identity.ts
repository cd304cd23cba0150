/** Names one process for ever. Only the place identifies work across epochs; numbers restart at 1 in each epoch. */
export interface ProcessIdentity {
  readonly pipelineId: string;
  readonly epoch: number;
  /** From 1, without holes inside an epoch. */
  readonly process: number;
}

export const STAGES = ['select', 'extract', 'transform', 'load'] as const;
export type Stage = (typeof STAGES)[number];
export const SERVICES = [...STAGES, 'arbiter', 'manager'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Compact text form for logs and message ids. */
export const describeProcess = ({ pipelineId, epoch, process }: ProcessIdentity): string =>
  `${pipelineId}.${String(epoch)}.${String(process)}`;
