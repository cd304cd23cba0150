import { SyncError } from '@lutra/model';
import type { Clock } from '@lutra/model';
import {
  countDeadLetters,
  countRepeats,
  imageFromJson,
  imageToJson,
  listDeadLetters,
  mappedChange,
  openColumns,
  readDeadLetter,
  removeSettledStatement,
  wantManyStatement,
  wantStatement,
} from '@lutra/sql';
import type {
  DeadLetter,
  DeadLetterAddress,
  DeadLetterFilter,
  DeadLetterSummary,
  TargetSession,
  TargetStatement,
} from '@lutra/sql';
import type { Access } from '../access/access.ts';
import { recordAudit } from '../audit/record-audit.ts';
import type { Plain } from '../http/plain.ts';
import type { Caller } from '../http/token.guard.ts';
import type { RunbookLinks } from '../runbook/runbook-links.ts';
import type { Store } from '../store/store.ts';
import { changeInSteps, STEP_ROWS_MAX } from '../targets/change-in-steps.ts';
import { inOwnTable } from '../targets/own-table.ts';
import type { TargetDoor } from '../targets/target-door.ts';
import { listAtTargets } from '../targets/target-list.ts';
import type { TargetChangeDto, TargetRemovalQuery } from '../targets/target-list.dto.ts';
import { parseTargetResourceId, targetResourceId } from '../targets/target-resource-id.ts';
import type {
  DeadLetterDto,
  DeadLetterListDto,
  DeadLetterQuery,
  DeadLetterSelectionDto,
  DeadLetterSummaryDto,
} from './dead-letter.dto.ts';
import { editedImage } from './read-edit.ts';

export interface Decision {
  readonly state: 'retryWanted' | 'discardWanted';
  /** Columns to replace. */
  readonly edit?: Readonly<Record<string, unknown>>;
}

/**
 * Dead letters, which live at the targets. A decision is a state that load finds there and carries out. It is audited before
 * it is committed: an entry may stand for a decision that a broken connection lost, never the other way round.
 */
export class DeadLetterService {
  constructor(
    private readonly parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly door: TargetDoor;
      readonly links: RunbookLinks;
      readonly access: Access;
    },
  ) {}

  async list(
    { pipelineId, page, pageSize, sort, ...asked }: DeadLetterQuery,
    caller: Caller,
  ): Promise<DeadLetterListDto> {
    const visible = await this.parts.access.pipelineIds(caller);
    const filterOf = (pipelineIds: readonly string[]): DeadLetterFilter => ({
      ...filterOfSelection(asked, pipelineIds),
      states: asked.state,
    });
    const order = sort === 'createdAt' ? 'oldestFirst' : 'newestFirst';
    return listAtTargets(
      this.parts.door,
      {
        count: (session, ids) => inLetters(session, 0, () => countDeadLetters(session, filterOf(ids))),
        read: async (session, ids, wanted) =>
          (await listDeadLetters(session, filterOf(ids), wanted)).map((letter) => this.summaryOf(letter)),
        timeOf: ({ createdAt }) => createdAt,
      },
      { pipelineId, visible, page, pageSize, order },
    );
  }

  get(id: string): Promise<DeadLetterDto> {
    const address = addressOf(id);
    return this.parts.door.ofPipeline(address.pipelineId, async (session) =>
      this.dtoOf(await findLetter(session, address, { lock: false }), await countRepeats(session, address)),
    );
  }

  /**
   * Throws RESOURCE_CONFLICT when the letter is settled, or follows one that has to be settled first; ROW_NOT_MAPPED when it is to
   * be retried and there is no row to write.
   */
  decide(id: string, { state, edit }: Decision, caller: Caller): Promise<DeadLetterDto> {
    const address = addressOf(id);
    return this.parts.door.ofPipeline(address.pipelineId, async (session) => {
      const letter = await findLetter(session, address, { lock: true });
      requireDecidable(letter, state);
      const image = edit === undefined ? null : editedImage(letter, edit, await givenKeyOf(session, letter));
      // Also says so where nothing could come of it.
      if (state === 'retryWanted')
        mappedChange({ ...letter, edited: image === null ? null : imageFromJson(letter.definition, image) });
      await session.execute([wantStatement(address, { state, by: caller.name, image })]);
      const after = await findLetter(session, address, { lock: false });
      const shown = (of: DeadLetter): unknown => ({
        ...{ pipelineId: of.pipelineId, state: of.state },
        ...(edit === undefined ? {} : { row: columnsOf(of, Object.keys(edit)) }),
      });
      await this.audit({ id, before: shown(letter), after: shown(after) }, caller);
      const repeatCount = await countRepeats(session, address);
      await session.commit();
      return this.dtoOf(after, repeatCount);
    });
  }

  async decideMany(
    { pipelineId, ...selection }: DeadLetterSelectionDto,
    state: Decision['state'],
    caller: Caller,
  ): Promise<TargetChangeDto> {
    await this.parts.access.requirePipeline(caller, pipelineId);
    const filter = filterOfSelection(selection, [pipelineId]);
    const next = wantManyStatement(filter, { state, by: caller.name, limit: STEP_ROWS_MAX });
    return this.changeMany(pipelineId, next, async (count) => {
      const [before, after] = [
        { ...selection, state: 'open' },
        { state, count },
      ];
      await this.audit({ id: pipelineId, before, after }, caller);
    });
  }

  async removeSettled({ pipelineId, before }: TargetRemovalQuery, caller: Caller): Promise<TargetChangeDto> {
    await this.parts.access.requirePipeline(caller, pipelineId);
    const options = { resolvedBefore: new Date(before), limit: STEP_ROWS_MAX };
    const next = removeSettledStatement({ pipelineIds: [pipelineId] }, options);
    return this.changeMany(pipelineId, next, async (count) => {
      await this.audit({ id: pipelineId, before: { settledBefore: before, count }, after: null }, caller);
    });
  }

  private changeMany(
    pipelineId: string,
    next: TargetStatement,
    audit: (count: number) => Promise<void>,
  ): Promise<TargetChangeDto> {
    return this.parts.door.ofPipeline(pipelineId, (session) =>
      inLetters(session, { count: 0, isMore: false }, () => changeInSteps(session, next, audit)),
    );
  }

  private async audit(
    { id, before, after }: { readonly id: string; readonly before: unknown; readonly after: unknown },
    caller: Caller,
  ): Promise<void> {
    const action = after === null ? 'delete' : 'update';
    const write = { action, resource: 'dead-letter', resourceId: id, before, after } as const;
    await this.parts.store.run((manager) => recordAudit(manager, write, { caller, at: this.parts.clock.now() }));
  }

  private summaryOf({
    error,
    id,
    pipelineId,
    follows,
    repeats,
    ...letter
  }: DeadLetterSummary): Plain<DeadLetterSummaryDto> {
    const { state, createdAt, schema, table, kind, gtid, attempts, wantedBy, wantedAt, resolvedAt, lastError } = letter;
    return {
      id: targetResourceId({ pipelineId, id }),
      pipelineId,
      ...{ state, createdAt, schema, table, kind, gtid },
      error: { ...error, runbook: this.parts.links.ofCode(error.code) },
      attempts,
      follows: follows === null ? null : targetResourceId({ pipelineId, id: follows }),
      ...{ wantedBy, wantedAt, resolvedAt, lastError },
      repeats: repeats === null ? null : targetResourceId({ pipelineId, id: repeats }),
      repeatCount: letter.repeatCount,
    };
  }

  private dtoOf(letter: DeadLetter, repeatCount: number): DeadLetterDto {
    const { definition, change, wantedImage } = letter;
    const { schema, table, columns } = definition;
    return {
      ...this.summaryOf({ ...letter, schema, table, kind: change.kind, repeatCount }),
      epoch: letter.epoch,
      process: letter.process,
      event: change.event,
      row: change.row,
      revision: letter.revision,
      statement: letter.statement,
      columns: columns.map(({ name, kind, declared, nullable }) => ({ name, kind, declared, nullable })),
      before: change.kind === 'insert' ? null : imageToJson(definition, change.before),
      after: change.kind === 'delete' ? null : imageToJson(definition, change.after),
      notMapped: [...openColumns({ ...letter, edited: null })],
      wanted: wantedImage === null ? null : imageToJson(definition, wantedImage),
    };
  }
}

const ID = { form: /^\d+-\d+-\d+-\d+-\d+$/, kind: 'dead letter' };
const addressOf = (id: string): DeadLetterAddress => parseTargetResourceId(id, ID);

const inLetters = <T>(session: TargetSession, otherwise: T, work: () => Promise<T>): Promise<T> =>
  inOwnTable(session, { table: 'dead_letter', otherwise }, work);

async function findLetter(
  session: TargetSession,
  address: DeadLetterAddress,
  options: { readonly lock: boolean },
): Promise<DeadLetter> {
  const letter = await inLetters(session, null, () => readDeadLetter(session, address, options));
  if (letter !== null) return letter;
  const id = targetResourceId(address);
  throw new SyncError('RESOURCE_NOT_FOUND', { problem: `There is no dead letter with id ${id}`, id });
}

function requireDecidable({ pipelineId, state, follows }: DeadLetter, wanted: Decision['state']): void {
  const refuse = (problem: string): never => {
    throw new SyncError('RESOURCE_CONFLICT', { problem, state });
  };
  if (state === 'retried' || state === 'discarded') refuse(`The dead letter is ${state} already`);
  if (wanted === 'retryWanted' && follows !== null)
    refuse(`It follows ${targetResourceId({ pipelineId, id: follows })} of the same key: decide that one first`);
}

/** Of the row that would be written: the columns of an edit, for the audit. */
function columnsOf({ definition, change, wantedImage }: DeadLetter, names: readonly string[]): unknown {
  const image = wantedImage ?? (change.kind === 'delete' ? [] : change.after);
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const entries = Object.entries(imageToJson(definition, image));
  return Object.fromEntries(entries.filter(([name]) => wanted.has(name.toLowerCase())));
}

function filterOfSelection(
  { schema, table, code, from, to }: Omit<DeadLetterSelectionDto, 'pipelineId'>,
  pipelineIds: readonly string[],
): Omit<DeadLetterFilter, 'states'> {
  const time = (text: string | undefined): Date | undefined => (text === undefined ? undefined : new Date(text));
  return { pipelineIds, schema, table, code, from: time(from), to: time(to) };
}

/** Columns of the key that an edit must not touch. What the mapping could not make of the key of a new row has to be told. */
async function givenKeyOf(session: TargetSession, letter: DeadLetter): Promise<readonly string[]> {
  const key = await keyOf(session, letter);
  if (letter.change.kind !== 'insert') return key;
  const open = new Set(openColumns({ ...letter, edited: null }).map((name) => name.toLowerCase()));
  return key.filter((name) => !open.has(name.toLowerCase()));
}

/** By what load finds the row: the key of the table at the target; the source's where there is none. */
async function keyOf(session: TargetSession, { definition }: DeadLetter): Promise<readonly string[]> {
  const key = (await session.describeTable(definition))?.key;
  if (key !== undefined && key !== null) return key.columns;
  return definition.primaryKey.flatMap((position) => definition.columns[position]?.name ?? []);
}
