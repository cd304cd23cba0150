import { SyncError } from '@lutra/model';
import type { Clock, DataSourceDefinition } from '@lutra/model';
import type { Secrets } from '@lutra/service-kit';
import { openTarget } from '@lutra/sql';
import type { TargetSession } from '@lutra/sql';
import { whereVisible } from '../access/access.ts';
import type { VisibleIds } from '../access/access.ts';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { findResource } from '../http/find-resource.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { compileDataSource } from '../publishing/compile-definition.ts';
import type { Store } from '../store/store.ts';

const CONNECT_MS_MAX = 4_000;
const STATEMENT_MS_MAX = 6_000;
/** A person waits for the answer, connecting and every statement included. */
const ANSWER_MS_MAX = 8_000;
/** Sessions at one data source: a target that hangs must not gather those of everybody who looks again. */
const SESSIONS_MAX = 8;

/** A target with the pipelines that write it. */
export interface SharedTarget {
  readonly target: DataSourceEntity;
  readonly pipelineIds: readonly string[];
}

/**
 * The manager's way to the tables that Lutra keeps at targets: one short session per request, no pool. No connection of the
 * store is held meanwhile, so that a target that is away holds up nobody who does not ask for it.
 */
export class TargetDoor {
  private readonly sessions = new Map<string, number>();

  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
    private readonly secrets: Secrets,
  ) {}

  /**
   * Runs `work` on a session at the target of a pipeline. What it does not commit is rolled back. Throws RESOURCE_NOT_FOUND,
   * TARGET_UNREACHABLE (also when there is no answer in time), TARGET_ACCESS_DENIED, TARGET_BUSY, and what `work` throws.
   */
  async ofPipeline<T>(pipelineId: string, work: (session: TargetSession) => Promise<T>): Promise<T> {
    const target = await this.store.run(async (manager) => {
      const { targetId } = await findResource(manager, PipelineEntity, pipelineId);
      return findResource(manager, DataSourceEntity, targetId);
    });
    return this.at(target, work);
  }

  /** As {@link ofPipeline}, for a pipeline that is no more: at the data source as it is now or, when it is gone too, as it was then. */
  async ofRemoved<T>(
    targetId: string,
    target: DataSourceDefinition,
    work: (session: TargetSession) => Promise<T>,
  ): Promise<T> {
    const now = await this.store.run((manager) => manager.findOneBy(DataSourceEntity, { id: targetId }));
    return this.in(now === null ? target : compileDataSource(now), work);
  }

  /** All targets that some visible pipeline writes. */
  shared(visible: VisibleIds): Promise<readonly SharedTarget[]> {
    return this.store.run(async (manager) => {
      const pipelines = await manager.find(PipelineEntity, {
        select: { id: true, targetId: true },
        where: whereVisible('id', visible),
        order: { id: 'ASC' },
      });
      const targets = await manager.find(DataSourceEntity, { order: { id: 'ASC' } });
      return targets.flatMap((target): SharedTarget[] => {
        const pipelineIds = pipelines.filter(({ targetId }) => targetId === target.id).map(({ id }) => id);
        return pipelineIds.length === 0 ? [] : [{ target, pipelineIds }];
      });
    });
  }

  /** As {@link ofPipeline}, at a data source. */
  at<T>(target: DataSourceEntity, work: (session: TargetSession) => Promise<T>): Promise<T> {
    return this.in(compileDataSource(target), work);
  }

  private async in<T>(target: DataSourceDefinition, work: (session: TargetSession) => Promise<T>): Promise<T> {
    const open = this.sessions.get(target.id) ?? 0;
    if (open >= SESSIONS_MAX) {
      const problem = `${String(open)} requests wait for the target ${addressOf(target)} already`;
      throw new SyncError('TARGET_BUSY', { problem, address: addressOf(target) });
    }
    this.sessions.set(target.id, open + 1);
    try {
      return await this.inTime(target, work);
    } finally {
      this.sessions.set(target.id, (this.sessions.get(target.id) ?? 1) - 1);
    }
  }

  private async inTime<T>(target: DataSourceDefinition, work: (session: TargetSession) => Promise<T>): Promise<T> {
    const { clock } = this;
    const limit = new AbortController();
    const address = addressOf(target);
    let session: TargetSession | null = null;
    const working = async (): Promise<T> => {
      const opened = await openTarget(target, this.secrets.ofDataSource(target), {
        clock,
        programName: 'lutra manager',
        connectTimeoutMs: CONNECT_MS_MAX,
        statementTimeoutMs: STATEMENT_MS_MAX,
      });
      session = opened;
      if (limit.signal.aborted) opened.destroy();
      return work(opened);
    };
    const tooLong = clock.sleep(ANSWER_MS_MAX, limit.signal).then((): never => {
      const problem = `The target ${address} did not answer within ${String(ANSWER_MS_MAX / 1_000)} s`;
      throw new SyncError('TARGET_UNREACHABLE', { problem, address });
    });
    // Whichever is second, nobody waits for it any more.
    tooLong.catch(() => undefined);
    const done = working();
    done.catch(() => undefined);
    try {
      return await Promise.race([done, tooLong]);
    } finally {
      limit.abort();
      // Closing rolls back, waits for a goodbye of a second at most, and never throws.
      void (session as TargetSession | null)?.close();
    }
  }
}

const addressOf = ({ host, port }: DataSourceDefinition): string => `${host}:${String(port)}`;
