import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { Coordinator } from '@lutra/coordination';
import type { CommandAcceptedDto, CommandsAcceptedDto } from '../commands/command.dto.ts';
import type { CommandService, Order } from '../commands/command.service.ts';
import type { Asked } from '../commands/repeated-request.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import type { Store } from '../store/store.ts';
import type { PreCheckDto } from './pre-check.dto.ts';
import type { PreCheckService } from './pre-check.service.ts';

/** A START waits no longer for one check: a server that hangs is like one that is away, and no reason against it. */
const CHECK_MS_MAX = 10_000;
/** Of a channel no check begins later than this: a request has to be answered within a minute. */
const BEGIN_MS_MAX = 40_000;
/** Checks at once: each holds a session at either side, and a data source takes eight. */
const CHECKS_MAX = 3;
/** Those that an answer shows; GET …/pre-check has them all. */
const SHOWN_MAX = 50;

/** Commands of operators, those to start behind a pre-check. What starts nothing goes through as it is. */
export class PipelineStarter {
  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly coordinator: Pick<Coordinator, 'permit'>;
      readonly clock: Clock;
      readonly commands: CommandService;
      readonly preChecks: PreCheckService;
    },
  ) {}

  /** As {@link CommandService.issue}; throws PIPELINE_PRECHECK_FAILED when errors were found and the order is not forced. */
  async issue(pipelineId: string, order: Order, by: Asked): Promise<CommandAcceptedDto> {
    const { commands } = this.parts;
    // A repeat is answered with what it gave the first time, whatever has become of the servers since.
    const isNew = (await commands.repeatOf(by, { scope: `pipeline ${pipelineId}`, content: order })) === null;
    if (isNew) await this.requireFit([pipelineId], order);
    return commands.issue(pipelineId, order, by);
  }

  /** As {@link CommandService.issueForChannel}: one pipeline that is not fit keeps all from starting. */
  async issueForChannel(channelId: string, order: Order, by: Asked): Promise<CommandsAcceptedDto> {
    const { commands, store } = this.parts;
    const isNew = (await commands.repeatOf(by, { scope: `channel ${channelId}`, content: order })) === null;
    if (isNew && mayStart(order)) {
      const pipelines = await store.read(PipelineEntity, (rows) =>
        rows.find({ where: { channelId }, order: { id: 'ASC' } }),
      );
      await this.requireFit(
        pipelines.map(({ id }) => id),
        order,
      );
    }
    return commands.issueForChannel(channelId, order, by);
  }

  private async requireFit(pipelineIds: readonly string[], order: Order): Promise<void> {
    if (!mayStart(order) || order.isForced === true) return;
    const starting = order.kind === 'START' ? pipelineIds : await this.stoppedOf(pipelineIds);
    const checked = await this.checkInTime(starting);
    const findings = checked.flatMap(({ pipelineId, findings: found }) =>
      found
        .filter(({ severity }) => severity === 'error')
        .map(({ code, severity, subject, explanation, statements }) => ({
          ...{ pipelineId, code, severity, subject, explanation, statements },
        })),
    );
    const [first] = findings;
    if (first === undefined) return;
    const more = findings.length === 1 ? '' : ` (and ${String(findings.length - 1)} more errors)`;
    throw new SyncError('PIPELINE_PRECHECK_FAILED', {
      problem: `${first.code}: ${first.explanation}${more}`,
      findings: findings.slice(0, SHOWN_MAX),
      total: findings.length,
    });
  }

  /** A RESTART of these is a START by another name. One that has failed and waits is not held up by a check. */
  private async stoppedOf(pipelineIds: readonly string[]): Promise<readonly string[]> {
    const stopped: string[] = [];
    for (const id of pipelineIds) {
      const standing = await this.parts.coordinator.permit(id);
      if (standing === null || standing.permit.state === 'STOPPED') stopped.push(id);
    }
    return stopped;
  }

  /** What was found in time. Throws PIPELINE_PRECHECK_FAILED when there was no time to begin with some of them. */
  private async checkInTime(pipelineIds: readonly string[]): Promise<readonly PreCheckDto[]> {
    const { clock, preChecks } = this.parts;
    const waiting = [...pipelineIds];
    const done: PreCheckDto[] = [];
    const beginUntilMs = clock.monotonicMs() + BEGIN_MS_MAX;
    const checkNext = async (): Promise<void> => {
      while (clock.monotonicMs() < beginUntilMs) {
        const id = waiting.shift();
        if (id === undefined) return;
        const checked = await this.inTime(preChecks.check(id, { triesRows: false }));
        if (checked !== null) done.push(checked);
      }
    };
    await Promise.all(Array.from({ length: CHECKS_MAX }, checkNext));
    if (waiting.length === 0) return done;
    const of = `${String(waiting.length)} of ${String(pipelineIds.length)} pipelines`;
    const problem = `There was no time to look at ${of} within ${String(BEGIN_MS_MAX / 1_000)} s: start them one by one, or with force`;
    throw new SyncError('PIPELINE_PRECHECK_FAILED', { problem, findings: [], total: 0 });
  }

  /** Null when it takes too long. */
  private async inTime<T>(checking: Promise<T>): Promise<T | null> {
    const limit = new AbortController();
    const tooLong = this.parts.clock.sleep(CHECK_MS_MAX, limit.signal).then(() => null);
    // Whichever is second, nobody waits for it any more.
    checking.catch(() => undefined);
    tooLong.catch(() => undefined);
    try {
      return await Promise.race([checking, tooLong]);
    } finally {
      limit.abort();
    }
  }
}

const mayStart = ({ kind }: Order): boolean => kind === 'START' || kind === 'RESTART';
