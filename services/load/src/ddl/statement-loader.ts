import { createHash } from 'node:crypto';
import { SyncError } from '@lutra/model';
import type {
  Clock,
  DdlDecision,
  SourceStatement,
  StatementProcess,
  TableName,
  TargetDdl,
  WarningCode,
} from '@lutra/model';
import { targetsOf } from '@lutra/messaging';
import {
  closeStatement,
  ensureDdlTable,
  forgetGhost,
  readEvidence,
  readGhosts,
  readIntents,
  readKept,
  recordStatement,
  withdrawStatement,
} from '@lutra/sql';
import type { DdlIntent, TableEvidence, TargetSession, TargetStatement } from '@lutra/sql';
import { failPoint } from '@lutra/service-kit';
import type { TargetAccess } from '../target-access.ts';
import { isInEffect } from './already-in-effect.ts';
import { decideDone } from './decide-done.ts';
import { errnoOf, ghostUnknown, ghostWaits, statementFailure, undecided } from './statement-failure.ts';
import { prepareSession, STATEMENT_TIMEOUT_MS, takeLock } from './statement-session.ts';
import { tablesThatGo } from './tables-that-lose-rows.ts';

export interface StatementLoaderParts {
  readonly access: TargetAccess;
  readonly pipelineId: string;
  /**
   * Runs the statements in a transaction that moves the checkpoint without moving its place: the fence. Throws when another
   * loader has the checkpoint.
   */
  readonly fenced: (statements: readonly TargetStatement[]) => Promise<void>;
  /** Something a person should know. */
  readonly warn: (warning: { readonly code: WarningCode; readonly message: string }) => Promise<void>;
}

export interface StatementOptions {
  readonly revision: number;
  readonly decision: DdlDecision | undefined;
  /** For how long a lock at the target is asked for. */
  readonly retryMs: number;
  readonly signal: AbortSignal;
}

/** A statement that is in effect. `closing` belongs into the transaction that moves the place behind it; `end` follows its commit. */
export interface AppliedStatement {
  readonly closing: readonly TargetStatement[];
  end(): Promise<void>;
}

interface Step {
  readonly number: number;
  readonly ddl: TargetDdl;
}

const PAUSE_MS = 500;

/**
 * Applies a schema statement at the target so that a crash at any moment neither loses nor repeats it. Three things stand
 * between two loaders: the intent is written in the checkpoint's fence and names the session that is to run the statement;
 * that session alone runs it, holding a lock with the pipeline's name; who meets an intent that is not closed ends that
 * session and waits for its lock before it looks at the tables. Whether the statement was done is then read from them.
 */
export class StatementLoader {
  private readonly clock: Clock;

  constructor(private readonly parts: StatementLoaderParts) {
    this.clock = parts.access.clock;
  }

  /**
   * Throws TARGET_DDL_REFUSED, TARGET_DDL_UNDECIDED, TARGET_GHOST_UNKNOWN and TARGET_GHOST_WAITING for a person to decide,
   * TARGET_BUSY when a lock was not to be had, and what the connection throws.
   */
  async apply(process: StatementProcess, options: StatementOptions): Promise<AppliedStatement> {
    const { access, pipelineId } = this.parts;
    const { gtid } = process.transaction;
    const session = await access.open({ statementTimeoutMs: STATEMENT_TIMEOUT_MS });
    const stop = (): void => {
      session.destroy();
    };
    options.signal.addEventListener('abort', stop);
    const end = async (): Promise<void> => {
      options.signal.removeEventListener('abort', stop);
      await session.close();
    };
    try {
      await ensureDdlTable(session);
      const intents = await readIntents(session, { pipelineId, gtid });
      const targets = options.decision === 'skip' ? [] : targetsOf(process);
      const work = { session, process, options, intents };
      const kept = [...(await this.withoutGhosts(targets, work)), ...this.ghostRecords(targets, work)];
      const steps = await this.steps(targets, work);
      await this.lock(session, intents, options);
      for (const step of steps) await this.step(step, work);
      return { closing: [closeStatement({ pipelineId, gtid }), ...kept], end };
    } catch (error) {
      await end();
      throw error;
    }
  }

  /** What has to be run, in order: of a ghost that takes its table's place, what was kept of it. */
  private async steps(targets: readonly TargetDdl[], { session, process }: Work): Promise<readonly Step[]> {
    const { pipelineId } = this.parts;
    const steps: TargetDdl[] = [];
    for (const ddl of targets) {
      if (ddl.ghost === null) steps.push(ddl);
      if (ddl.ghost?.step !== 'swap') continue;
      const kept = await readKept(session, { pipelineId, ghost: ddl.ghost.name });
      // Without the table there are no rows that the ghost's could be: it was a new table of such a name.
      const isMissing = (await readEvidence(session, ddl.tables)).some(({ exists }) => !exists);
      if (kept === null || isMissing) throw ghostUnknown(ddl, process.transaction.gtid);
      for (const { statement, tables } of kept) steps.push({ ...ddl, text: statement, tables, ghost: null });
    }
    return steps.map((ddl, number) => ({ ddl, number }));
  }

  /**
   * A table that goes while a ghost of it waits may have been taken away for the ghost (pt-online-schema-change's drop_swap):
   * its rows at the target are those that the ghost has at the source. Only a person can tell; then the ghosts are forgotten.
   */
  private async withoutGhosts(
    targets: readonly TargetDdl[],
    { session, process, options }: Work,
  ): Promise<readonly TargetStatement[]> {
    const { pipelineId } = this.parts;
    const going = targets.flatMap((ddl) => tablesThatGo(ddl).map((name) => ({ ddl, name })));
    // With its database every ghost goes too.
    if (going.length === 0 || process.statement.kind === 'database') return [];
    const ghosts = await readGhosts(session, pipelineId);
    return going.flatMap(({ ddl, name }) => {
      const waiting = ghosts.filter(({ tables }) => tables.some((each) => isEqual(each, name)));
      const [first] = waiting;
      if (first !== undefined && options.decision !== 'apply')
        throw ghostWaits(ddl, { transaction: process.transaction.gtid, name, ghost: first.ghost });
      return waiting.map(({ ghost }) => forgetGhost({ pipelineId, ghost }));
    });
  }

  /** What is remembered of ghosts, and forgotten. */
  private ghostRecords(targets: readonly TargetDdl[], { process, options }: Work): readonly TargetStatement[] {
    const { pipelineId } = this.parts;
    const { gtid } = process.transaction;
    return targets.flatMap(({ ghost, text, tables }, number): readonly TargetStatement[] => {
      if (ghost === null) return [];
      const forget = forgetGhost({ pipelineId, ghost: ghost.name });
      if (ghost.step === 'swap' || ghost.step === 'forget') return [forget];
      const record = recordStatement({
        pipelineId,
        gtid,
        number,
        state: 'kept',
        ghost: ghost.name,
        statement: text,
        hash: hashOf(text),
        revision: options.revision,
        sessionId: 0,
        evidence: JSON.stringify(tables),
      });
      return ghost.step === 'begin' ? [forget, record] : [record];
    });
  }

  private async lock(session: TargetSession, intents: readonly DdlIntent[], options: StatementOptions): Promise<void> {
    const { pipelineId } = this.parts;
    const older = intents.filter(({ state }) => state === 'begun').map(({ sessionId }) => sessionId);
    const limitMs = this.clock.monotonicMs() + options.retryMs;
    while (!(await takeLock(session, { pipelineId, older })))
      if (this.clock.monotonicMs() > limitMs)
        throw new SyncError('TARGET_BUSY', {
          problem: `An earlier session of this pipeline at ${session.info.address} still works on a schema statement: its lock 'lutra:${pipelineId}' is not free`,
        });
  }

  private async step({ ddl, number }: Step, work: Work): Promise<void> {
    const { session, process, options, intents } = work;
    const { pipelineId, fenced } = this.parts;
    const { gtid } = process.transaction;
    const intent = intents.find((each) => each.number === number);
    // A newer revision may have made another statement of it.
    const isAnother = intent !== undefined && intent.statement !== ddl.text;
    if (intent?.state === 'done' && !isAnother) return;
    const evidence = await readEvidence(session, ddl.tables);
    if (intent?.state === 'begun') {
      const before = JSON.parse(intent.evidence) as readonly TableEvidence[];
      const verdict = isAnother ? 'unknown' : decideDone(ddl, before, evidence);
      if (verdict === 'done') return;
      if (verdict === 'unknown' && options.decision !== 'apply') throw undecided(ddl, gtid);
    }
    await fenced([
      recordStatement({
        pipelineId,
        gtid,
        number,
        state: 'begun',
        ghost: null,
        statement: ddl.text,
        hash: hashOf(ddl.text),
        revision: options.revision,
        sessionId: session.info.sessionId,
        evidence: JSON.stringify(evidence),
      }),
    ]);
    failPoint('after-intent');
    try {
      await this.run(ddl, process.statement, work);
    } catch (error) {
      // An answer of the server says for certain that it is not in effect; without one the next attempt has to find out.
      if (session.isOpen) await fenced([withdrawStatement({ pipelineId, gtid, number })]);
      throw error;
    }
    failPoint('after-statement');
    // Others of the same source statement follow: what is done is not looked at again.
    await fenced([closeStatement({ pipelineId, gtid, number })]);
  }

  /** Asks again for a lock that is not free: a short wait, so that a session that is gone never gets it. */
  private async run(ddl: TargetDdl, statement: SourceStatement, { session, process, options }: Work): Promise<void> {
    const transaction = process.transaction.gtid;
    const limitMs = this.clock.monotonicMs() + options.retryMs;
    try {
      await prepareSession(session, statement, ddl);
      for (;;) {
        try {
          await session.execute([{ sql: ddl.text }]);
          return;
        } catch (error) {
          const failure = SyncError.of(error);
          if (await isInEffect(session, ddl, errnoOf(failure))) {
            await this.parts.warn({ code: 'TARGET_DDL_IN_EFFECT', message: `The target had it already: ${ddl.text}` });
            return;
          }
          if (failure.code !== 'TARGET_BUSY' || this.clock.monotonicMs() > limitMs || options.signal.aborted)
            throw error;
          await this.clock.sleep(PAUSE_MS, options.signal);
        }
      }
    } catch (error) {
      throw statementFailure(SyncError.of(error), { ddl, transaction, session });
    }
  }
}

interface Work {
  readonly session: TargetSession;
  readonly process: StatementProcess;
  readonly options: StatementOptions;
  readonly intents: readonly DdlIntent[];
}

const isEqual = (one: TableName, other: TableName): boolean => one.schema === other.schema && one.table === other.table;

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
