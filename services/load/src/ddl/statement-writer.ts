import { targetsOf } from '@lutra/messaging';
import type { Bus } from '@lutra/messaging';
import type { PipelineDefinition, StatementProcess } from '@lutra/model';
import { SyncError } from '@lutra/model';
import type { TargetCatalog } from '@lutra/sql';
import type { PipelineSession, ServiceContext } from '@lutra/service-kit';
import type { CursorReporter } from '../cursor-reporter.ts';
import type { ApplyOptions } from '../lane.ts';
import type { Lanes } from '../dry-run/dry-lanes.ts';
import type { DryRunReport } from '../dry-run/dry-run-report.ts';
import type { LaneUnit } from '../lane-unit.ts';
import type { LoadedProcess } from '../loaded-process.ts';
import { eventBase } from '../report-loaded.ts';
import type { TargetAccess } from '../target-access.ts';
import type { DeadLetterDesk } from '../write/dead-letter-desk.ts';
import { tableOf } from '../write/quarantine.ts';
import type { WriteRules } from '../write/write-rules.ts';
import { lettersInTheWay } from './statement-failure.ts';
import { StatementLoader } from './statement-loader.ts';
import { tablesThatLoseRows } from './tables-that-lose-rows.ts';

/** How often a statement that runs is told of: an ALTER of a large table is no standstill. */
const TELL_MS = 10_000;

interface Parts {
  readonly context: Pick<ServiceContext, 'clock' | 'identity'> & { readonly bus: Pick<Bus, 'publishEvent'> };
  readonly pipeline: PipelineSession;
  readonly lanes: Lanes;
  readonly access: TargetAccess;
  readonly catalog: TargetCatalog;
  readonly rules: WriteRules;
  readonly reporter: CursorReporter;
  /** Null in a dry run. */
  readonly desk: Pick<DeadLetterDesk, 'countOpen'> | null;
  /** Null when it is none. */
  readonly dryRun: Pick<DryRunReport, 'addDdl'> | null;
}

/** A statement in effect: `unit` moves the place behind it, `end` follows the commit. */
export interface WrittenStatement {
  readonly unit: LaneUnit;
  readonly end: () => Promise<void>;
}

/** Applies the schema statement of a process between the rows before it and behind it. */
export class StatementWriter {
  constructor(private readonly parts: Parts) {}

  /** Throws what {@link StatementLoader.apply} throws, and TARGET_DDL_LETTERS for dead letters that it would outlive. */
  async apply(
    loaded: LoadedProcess,
    statement: StatementProcess,
    { definition, options }: { readonly definition: PipelineDefinition; readonly options: ApplyOptions },
  ): Promise<WrittenStatement> {
    const { access, catalog, dryRun, lanes, pipeline, rules } = this.parts;
    const { revision, parameters } = definition;
    const unitOf = (closing: LaneUnit['closing']): LaneUnit => ({
      revision,
      how: rules.howFor(definition),
      plan: () => Promise.resolve([]),
      ...(closing === undefined ? {} : { closing }),
    });
    const decision = parameters.ddlDecisions[statement.transaction.gtid];
    const isSkipped = decision === 'skip';
    // Set and not added: a statement may be tried several times.
    loaded.counts.statementsSkipped = isSkipped ? 1 : 0;
    // A dry run writes nothing at all.
    if (parameters.dryRun) {
      for (const { text, ghost } of isSkipped ? [] : targetsOf(statement))
        if (ghost === null || ghost.step === 'swap')
          dryRun?.addDdl(ghost === null ? text : `(what was done to ${ghost.name})`);
      return { unit: unitOf(undefined), end: () => Promise.resolve() };
    }
    const loader = new StatementLoader({
      access,
      pipelineId: pipeline.pipelineId,
      fenced: async (statements) => {
        await lanes.apply({ end: lanes.reached, units: [{ lane: 'all', unit: unitOf(() => statements) }] }, options);
      },
      warn: ({ code, message }) => this.warn(loaded, { code, message }),
    });
    if (!isSkipped) await this.refuseOverLetters(statement, options);
    const over = new AbortController();
    const telling = this.tell(loaded, AbortSignal.any([options.signal, over.signal]));
    try {
      const applied = await loader.apply(statement, { ...options, revision, decision });
      const end = async (): Promise<void> => {
        catalog.altered(targetsOf(statement).flatMap(({ tables }) => tables));
        await applied.end();
      };
      return { unit: unitOf(() => applied.closing), end };
    } finally {
      over.abort();
      await telling;
    }
  }

  /**
   * Dead letters come before the statement in the order of the source: retried behind it they would write rows that it took
   * away. What a person has decided about them is carried out first.
   */
  private async refuseOverLetters(statement: StatementProcess, options: ApplyOptions): Promise<void> {
    const { desk } = this.parts;
    if (desk === null) return;
    for (const ddl of targetsOf(statement))
      for (const name of tablesThatLoseRows(ddl)) {
        const count = await desk.countOpen(name, options);
        const table = name.table === '' ? name.schema : tableOf(name);
        if (count > 0) throw lettersInTheWay(ddl, { transaction: statement.transaction.gtid, table, count });
      }
  }

  /** The process leaves the window as one that is staged does: nobody takes it for stuck. */
  private async tell(loaded: LoadedProcess, signal: AbortSignal): Promise<void> {
    const { clock } = this.parts.context;
    const sinceMs = clock.monotonicMs();
    for (;;) {
      await clock.sleep(TELL_MS, signal);
      if (signal.aborted) return;
      const { process } = loaded.delivery.header;
      this.parts.reporter.staged(process);
      const transaction = { processes: 1, rows: 0, ageMs: Math.round(clock.monotonicMs() - sinceMs) };
      await this.publish({ ...this.base(loaded), kind: 'staged', transaction });
    }
  }

  private async warn(
    loaded: LoadedProcess,
    warning: { readonly code: string; readonly message: string },
  ): Promise<void> {
    this.parts.pipeline.log.warn(warning, 'schema statement');
    await this.publish({ ...this.base(loaded), kind: 'warning', ...warning });
  }

  private base(loaded: LoadedProcess): ReturnType<typeof eventBase> {
    const { clock, identity } = this.parts.context;
    return eventBase(identity.instance, loaded, { traceId: '', endMs: clock.now().getTime() });
  }

  private async publish(event: Parameters<Bus['publishEvent']>[0]): Promise<void> {
    try {
      await this.parts.context.bus.publishEvent(event);
    } catch (error) {
      this.parts.pipeline.log.debug({ code: SyncError.of(error).code }, 'schema statement not in the event log');
    }
  }
}
