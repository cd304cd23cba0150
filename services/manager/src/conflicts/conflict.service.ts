import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import { countConflicts, listConflicts, readConflict, removeConflictsStatement } from '@lutra/sql';
import type { ConflictFilter, RecordedConflict, TargetSession } from '@lutra/sql';
import type { Access } from '../access/access.ts';
import { recordAudit } from '../audit/record-audit.ts';
import type { Caller } from '../http/token.guard.ts';
import type { Store } from '../store/store.ts';
import { changeInSteps, STEP_ROWS_MAX } from '../targets/change-in-steps.ts';
import { inOwnTable } from '../targets/own-table.ts';
import type { TargetDoor } from '../targets/target-door.ts';
import { listAtTargets } from '../targets/target-list.ts';
import type { TargetChangeDto, TargetRemovalQuery } from '../targets/target-list.dto.ts';
import { parseTargetResourceId, targetResourceId } from '../targets/target-resource-id.ts';
import type { ConflictDto, ConflictListDto, ConflictQuery } from './conflict.dto.ts';

/** Conflicts, which load records at the targets. They are only read, and removed when they are old. */
export class ConflictService {
  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly door: TargetDoor;
      readonly access: Access;
    },
  ) {}

  async list({ pipelineId, page, pageSize, sort, ...asked }: ConflictQuery, caller: Caller): Promise<ConflictListDto> {
    const visible = await this.parts.access.pipelineIds(caller);
    const { schema, table, type, decision, from, to } = asked;
    const filterOf = (pipelineIds: readonly string[]): ConflictFilter => ({
      ...{ pipelineIds, schema, table, type, decision },
      from: from === undefined ? undefined : new Date(from),
      to: to === undefined ? undefined : new Date(to),
    });
    return listAtTargets(
      this.parts.door,
      {
        count: (session, ids) => inConflicts(session, 0, () => countConflicts(session, filterOf(ids))),
        read: async (session, ids, wanted) => (await listConflicts(session, filterOf(ids), wanted)).map(dtoOf),
        timeOf: ({ createdAt }) => createdAt,
      },
      { pipelineId, visible, page, pageSize, order: sort === 'createdAt' ? 'oldestFirst' : 'newestFirst' },
    );
  }

  get(id: string): Promise<ConflictDto> {
    const address = parseTargetResourceId(id, { form: /^\d{1,20}$/, kind: 'conflict' });
    return this.parts.door.ofPipeline(address.pipelineId, async (session) => {
      const conflict = await inConflicts(session, null, () => readConflict(session, address));
      if (conflict !== null) return dtoOf(conflict);
      throw new SyncError('RESOURCE_NOT_FOUND', { problem: `There is no conflict with id ${id}`, id });
    });
  }

  async remove({ pipelineId, before }: TargetRemovalQuery, caller: Caller): Promise<TargetChangeDto> {
    const { door, store, clock, access } = this.parts;
    await access.requirePipeline(caller, pipelineId);
    const next = removeConflictsStatement({ pipelineIds: [pipelineId], to: new Date(before) }, STEP_ROWS_MAX);
    const audit = async (count: number): Promise<void> => {
      const was = { recordedBefore: before, count };
      const write = { resource: 'conflict', resourceId: pipelineId, before: was, after: null } as const;
      await store.run((manager) => recordAudit(manager, { action: 'delete', ...write }, { caller, at: clock.now() }));
    };
    return door.ofPipeline(pipelineId, (session) =>
      inConflicts(session, { count: 0, isMore: false }, () => changeInSteps(session, next, audit)),
    );
  }
}

const inConflicts = <T>(session: TargetSession, otherwise: T, work: () => Promise<T>): Promise<T> =>
  inOwnTable(session, { table: 'conflict', otherwise }, work);

const dtoOf = ({ at, ...conflict }: RecordedConflict): ConflictDto => ({
  ...conflict,
  id: targetResourceId(conflict),
  createdAt: at,
});
