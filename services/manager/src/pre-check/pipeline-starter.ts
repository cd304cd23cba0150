import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import type { CommandAcceptedDto, CommandsAcceptedDto } from '../commands/command.dto.ts';
import type { CommandService, Order } from '../commands/command.service.ts';
import type { Asked } from '../commands/repeated-request.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import type { Store } from '../store/store.ts';
import type { PreCheckDto } from './pre-check.dto.ts';
import type { PreCheckService } from './pre-check.service.ts';

/** A START waits no longer for its checks: what is not known by then is no reason against it. */
const CHECKS_MS_MAX = 10_000;
/** Checks at once: each holds a session at either side, and a data source takes eight. */
const CHECKS_MAX = 3;
/** Those that an answer shows; GET …/pre-check has them all. */
const SHOWN_MAX = 50;

/** Commands of operators, those to start behind a pre-check. What is no START goes through as it is. */
export class PipelineStarter {
  constructor(
    private readonly parts: {
      readonly store: Store;
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
    if (isNew && order.kind === 'START') {
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

  private async requireFit(pipelineIds: readonly string[], { kind, isForced }: Order): Promise<void> {
    if (kind !== 'START' || isForced === true) return;
    const checked = await this.checkInTime(pipelineIds);
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

  /** What was found in time. */
  private async checkInTime(pipelineIds: readonly string[]): Promise<readonly PreCheckDto[]> {
    const { clock, preChecks } = this.parts;
    const waiting = [...pipelineIds];
    const done: PreCheckDto[] = [];
    const limit = new AbortController();
    const checkNext = async (): Promise<void> => {
      for (let id = waiting.shift(); id !== undefined && !limit.signal.aborted; id = waiting.shift())
        done.push(await preChecks.check(id));
    };
    const checking = Promise.all(Array.from({ length: CHECKS_MAX }, checkNext));
    const tooLong = clock.sleep(CHECKS_MS_MAX, limit.signal);
    // Whichever is second, nobody waits for it any more.
    checking.catch(() => undefined);
    tooLong.catch(() => undefined);
    try {
      await Promise.race([checking, tooLong]);
      return [...done];
    } finally {
      limit.abort();
    }
  }
}
