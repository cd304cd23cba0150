import type { PipelineParameters, WarningCode } from '@lutra/model';
import { stageMeter } from '@lutra/service-kit';
import type { PipelineSession, ServiceContext } from '@lutra/service-kit';
import type { LoadEnv } from '../load.env.ts';
import { runTogether } from '../run-together.ts';
import { targetAccess } from '../target-access.ts';
import type { TargetAccess } from '../target-access.ts';
import { TransactionSizer } from '../transaction-sizer.ts';
import type { CommittedSize, TransactionLimits } from '../transaction-sizer.ts';
import { TargetLoadWatch } from './target-load-watch.ts';
import { Throttle } from './throttle.ts';

/** With a limit of rows per second a transaction holds the rows of at most this time: many small steps instead of few large. */
const STEP_MS = 250;

interface PaceParts {
  readonly context: ServiceContext<LoadEnv>;
  readonly pipeline: PipelineSession;
  readonly access: TargetAccess;
  readonly warn: (warning: { readonly code: WarningCode; readonly message: string }) => Promise<void>;
}

/** How much load writes at a time, and when it has to wait before it does. */
export class Pace {
  private readonly sizer = new TransactionSizer();
  private readonly throttle: Throttle;
  private readonly watch: TargetLoadWatch;

  constructor({ context, pipeline, access, warn }: PaceParts) {
    const { bus, clock, identity } = context;
    const { pipelineId } = pipeline;
    const meter = stageMeter('load');
    this.watch = new TargetLoadWatch({
      clock,
      pipeline,
      open: () => access.open(),
      openReplica: (replica) => {
        const newest = { ...pipeline.latestDefinition().target, ...replica };
        return targetAccess(context, { ...pipeline.definition.target, ...replica }, () => newest).open();
      },
      warn,
    });
    this.throttle = new Throttle({
      bus,
      clock,
      pipeline,
      instance: identity.instance,
      overload: () => this.watch.overload(),
      countWait: (durationMs) => {
        meter.recordThrottled({ pipelineId, durationMs });
      },
    });
  }

  /** Limits of the next target transaction under these parameters. */
  limits(parameters: PipelineParameters): TransactionLimits {
    const { rowsMax, bytesMax } = this.sizer.limits(configured(parameters));
    const rate = parameters.throttleRowsPerSecond;
    const stepRows = Math.max(1, Math.ceil((rate * STEP_MS) / 1_000));
    return { rowsMax: rate > 0 ? Math.min(rowsMax, stepRows) : rowsMax, bytesMax };
  }

  /** A transaction of this size has been committed. */
  committed(size: CommittedSize, parameters: PipelineParameters): void {
    const { commitTargetMs } = parameters;
    this.sizer.observe(size, { ...configured(parameters), commitTargetMs });
  }

  /** See {@link Throttle.pass}. */
  pass(rows: number, signal: AbortSignal, keepAlive: () => Promise<void>): Promise<void> {
    return this.throttle.pass(rows, signal, keepAlive);
  }

  /** Looks at the target's load and tells of long waits, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await runTogether(signal, [(until) => this.throttle.run(until), (until) => this.watch.run(until)]);
  }
}

const configured = ({ loadTransactionRows, loadTransactionBytes }: PipelineParameters): TransactionLimits => ({
  rowsMax: loadTransactionRows,
  bytesMax: loadTransactionBytes,
});
