import { SyncError } from '@lutra/model';
import type { Clock, DeadLetterEvent, PipelineDefinition, WarningCode } from '@lutra/model';
import {
  countDeadLetters,
  decideRepeatsStatement,
  ensureConflictTable,
  ensureDeadLetterTable,
  holdCheckpoint,
  readDeadLetter,
  readDeadLetters,
  UNSETTLED_STATES,
} from '@lutra/sql';
import { followStatement, readUnsettled, resolveStatement, retryFailedStatement } from '@lutra/sql';
import type {
  CheckpointClaim,
  DeadLetter,
  TableName,
  TargetCatalog,
  TargetSession,
  TargetStatement,
  UnsettledLetter,
} from '@lutra/sql';
import type { PipelineSession } from '@lutra/service-kit';
import type { Lanes } from '../dry-run/dry-lanes.ts';
import type { ApplyOptions } from '../lane.ts';
import { applyLetter } from './apply-letter.ts';
import { LetterValues } from './letter-values.ts';
import { Quarantine, tableOf } from './quarantine.ts';
import type { WriteRules } from './write-rules.ts';

const LOOK_EVERY_MS = 1_000;
const PAGE = 1_000;

type Outcome = DeadLetterEvent['change'];

/** What became of one letter. */
export interface ToldLetter {
  readonly table: string;
  readonly change: Outcome;
  readonly code: string;
}

interface DeskParts {
  readonly clock: Clock;
  readonly lanes: Pick<Lanes, 'ask'>;
  readonly claim: CheckpointClaim;
  readonly pipeline: Pick<PipelineSession, 'latestDefinition' | 'log' | 'pipelineId'>;
  readonly catalog: TargetCatalog;
  /** Holds the quarantine, and has it kept true from now on. */
  readonly rules: WriteRules;
  /** Tells of a letter that does not fit its table any more; does not throw. */
  readonly warn: (warning: { readonly code: WarningCode; readonly message: string }) => Promise<void>;
  /** Tells what became of a letter; does not throw. */
  readonly tell: (told: ToldLetter) => Promise<void>;
}

/**
 * Carries out what a person decides about dead letters, while the loader runs: in source order, each in a transaction of its
 * own that holds the checkpoint's rows and changes letter and table together.
 *
 * A letter is written only when no earlier unsettled one touches what it touches. Once the one that it follows is settled,
 * retried or discarded, it is tried by itself, under the policy of its table; a discarded change is as if it had never come.
 * What fails again is open again, with the new error, and holds what follows it.
 *
 * It works on the session of a lane, which the checkpoint names: whoever claims next ends it there, and so never waits for
 * the locks of a desk that was frozen.
 */
export class DeadLetterDesk {
  private lookedMs: number;
  /** A letter may wait for one that is settled: an epoch, or the answer to a COMMIT, was lost in between. */
  private mayDangle = true;

  /** Of the values that the last round compared: letters that were looked at anew may follow nothing any more. */
  private valuesVersion = 0;

  private constructor(
    private readonly parts: DeskParts,
    private readonly values: LetterValues,
  ) {
    this.lookedMs = parts.clock.monotonicMs();
  }

  /** After the claim: nobody else writes letters of the pipeline. Throws TARGET_QUARANTINE_FULL. */
  static async open(parts: DeskParts, session: TargetSession): Promise<DeadLetterDesk> {
    await ensureDeadLetterTable(session);
    await ensureConflictTable(session);
    const { catalog, pipeline, rules, warn } = parts;
    const values = new LetterValues({ pipeline, catalog, quarantine: rules.quarantine, warn });
    await values.readAll(session);
    await session.rollback();
    rules.keepTrueBy(values);
    return new DeadLetterDesk(parts, values);
  }

  /**
   * Looks for decisions, once a second while letters are unsettled, and carries them out. To be called while no unit is
   * being written and none is staged. Throws TARGET_FENCED; what passes by itself is left for the next time.
   */
  async tend(signal: AbortSignal): Promise<void> {
    const { clock, lanes, pipeline, rules } = this.parts;
    const nowMs = clock.monotonicMs();
    if (rules.quarantine.isEmpty || nowMs - this.lookedMs < LOOK_EVERY_MS) return;
    this.lookedMs = nowMs;
    try {
      await lanes.ask((session) => this.look(session), { retryMs: 0, signal });
    } catch (error) {
      const failure = SyncError.of(error);
      this.mayDangle = true;
      if (failure.code === 'TARGET_FENCED' || failure.class !== 'retryable') throw failure;
      pipeline.log.warn({ err: failure }, 'decisions about dead letters not carried out yet');
    }
  }

  /**
   * Unsettled letters of a table, or of a whole schema where the table is '', once all decisions that were made until then
   * are carried out. To be called as {@link tend}. Throws what the target answers.
   */
  async countOpen({ schema, table }: TableName, options: ApplyOptions): Promise<number> {
    const { claim, lanes, rules } = this.parts;
    if (rules.quarantine.isEmpty) return 0;
    const about = { pipelineIds: [claim.pipelineId], schema, ...(table === '' ? {} : { table }) };
    return lanes.ask(async (session) => {
      // A try that was lost may have left a letter that waits for a settled one.
      this.mayDangle = true;
      await this.look(session);
      return countDeadLetters(session, { ...about, states: UNSETTLED_STATES });
    }, options);
  }

  private async look(session: TargetSession): Promise<void> {
    const isDue = this.mayDangle || this.valuesVersion !== this.values.version;
    if (isDue || (await this.isWanted(session))) await this.round(session);
  }

  private async isWanted(session: TargetSession): Promise<boolean> {
    const states = ['retryWanted', 'discardWanted'] as const;
    const letters = await readDeadLetters(session, this.parts.claim.pipelineId, { states, after: null, limit: 1 });
    await session.rollback();
    return letters.length > 0;
  }

  /** All unsettled letters in order, once. Those that stay unsettled are the quarantine from then on. */
  private async round(session: TargetSession): Promise<void> {
    const { claim, pipeline, rules } = this.parts;
    const { version } = this.values;
    const definition = pipeline.latestDefinition();
    const staying = new Quarantine();
    for await (const letter of unsettled(session, claim.pipelineId)) {
      const { id, schema, table } = letter;
      const held = { id, table: tableOf({ schema, table }), touched: await this.values.touchedBy(session, letter) };
      const blocker = staying.holderOf(held.table, held.touched);
      const isSettled = await this.consider(session, letter, { blocker, definition });
      if (!isSettled) staying.add(held);
    }
    await session.rollback();
    rules.quarantine.replaceBy(staying);
    this.mayDangle = false;
    this.valuesVersion = version;
  }

  /** True when the letter is settled. */
  private async consider(
    session: TargetSession,
    letter: UnsettledLetter,
    { blocker, definition }: { readonly blocker: string | null; readonly definition: PipelineDefinition },
  ): Promise<boolean> {
    if (letter.state === 'discardWanted') return this.carryOut(session, letter, { to: 'discarded', definition });
    if (blocker !== null) {
      await this.keepWaiting(session, letter, blocker);
      return false;
    }
    if (letter.state === 'open' && letter.follows === null) return false;
    return this.carryOut(session, letter, { to: 'retried', definition });
  }

  /** An earlier letter touches the same: it has to be settled first. */
  private async keepWaiting(session: TargetSession, letter: UnsettledLetter, blocker: string): Promise<void> {
    const { claim } = this.parts;
    if (letter.state === 'open' && letter.follows === blocker) return;
    await holdCheckpoint(session, claim);
    const address = { pipelineId: claim.pipelineId, id: letter.id };
    if (letter.state === 'retryWanted') {
      const message = `Dead letter ${blocker} touches the same key or unique value and has to be settled first`;
      await session.execute([retryFailedStatement(address, { code: 'TARGET_ROW_HELD', message, errno: null })]);
    }
    await session.execute([followStatement({ pipelineId: claim.pipelineId, ids: [letter.id] }, blocker)]);
    await session.commit();
    if (letter.state === 'retryWanted') await this.tell(letter, 'retry-failed', 'TARGET_ROW_HELD');
  }

  private async carryOut(
    session: TargetSession,
    { id, state, schema, table }: UnsettledLetter,
    { to, definition }: { readonly to: 'retried' | 'discarded'; readonly definition: PipelineDefinition },
  ): Promise<boolean> {
    const { claim } = this.parts;
    const address = { pipelineId: claim.pipelineId, id };
    await holdCheckpoint(session, claim);
    const letter = await readDeadLetter(session, address, { lock: true });
    // A person has decided anew meanwhile: looked at again in a second.
    if (letter?.state !== state) {
      await session.rollback();
      return false;
    }
    try {
      if (to === 'retried') await this.apply(session, letter, definition);
      await session.execute([resolveStatement(address, { expected: state, to }), ...decideRepeats(letter, to)]);
    } catch (error) {
      const failure = SyncError.of(error);
      await session.rollback();
      if (failure.class === 'retryable') throw failure;
      await this.reopen(session, letter, failure);
      return false;
    }
    await session.commit();
    await this.tell({ schema, table }, to, letter.error.code);
    return true;
  }

  private apply(session: TargetSession, letter: DeadLetter, definition: PipelineDefinition): Promise<void> {
    const { claim, clock } = this.parts;
    return applyLetter(session, letter, { definition, epoch: claim.epoch, clock });
  }

  private async reopen(session: TargetSession, letter: DeadLetter, failure: SyncError): Promise<void> {
    const { claim } = this.parts;
    const { pipelineId, id, definition, state } = letter;
    await holdCheckpoint(session, claim);
    const { code, sentence, details } = failure;
    const errno = typeof details['errno'] === 'number' ? details['errno'] : null;
    const error = { code, message: sentence, errno };
    await session.execute([
      retryFailedStatement({ pipelineId, id }, error),
      ...(letter.follows === null ? [] : [followStatement({ pipelineId, ids: [id] }, null)]),
    ]);
    await session.commit();
    this.parts.pipeline.log.info({ deadLetter: id, state, code }, 'dead letter refused again');
    await this.tell(definition, 'retry-failed', code);
  }

  private tell(
    { schema, table }: { readonly schema: string; readonly table: string },
    change: Outcome,
    code: string,
  ): Promise<void> {
    return this.parts.tell({ table: tableOf({ schema, table }), change, code });
  }
}

/** Nothing to tell where the letter was written as it came: what repeats it is tried as it came as well. */
const decideRepeats = (letter: DeadLetter, to: 'retried' | 'discarded'): readonly TargetStatement[] =>
  to === 'discarded' || letter.edited !== null ? [decideRepeatsStatement(letter, to)] : [];

/** In source order, page by page; what changes behind the page is not read again. */
async function* unsettled(session: TargetSession, pipelineId: string): AsyncGenerator<UnsettledLetter> {
  for (let after: string | null = null; ;) {
    const page: readonly UnsettledLetter[] = await readUnsettled(session, pipelineId, { after, limit: PAGE });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last.id;
  }
}
