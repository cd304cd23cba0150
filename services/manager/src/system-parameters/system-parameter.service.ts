import type { EntityManager } from 'typeorm';
import type { Clock } from '@lutra/model';
import { recordAudit } from '../audit/record-audit.ts';
import type { PageQuery } from '../http/list-query.dto.ts';
import { checkedBody } from '../http/request-pipe.ts';
import { requireMatch } from '../http/require-match.ts';
import { resourceDtoOf } from '../http/resource.dto.ts';
import type { Plain } from '../http/plain.ts';
import type { Caller } from '../http/token.guard.ts';
import { checkParameters } from '../pipelines/parameter-rules.ts';
import type { RevisionDiffDto, RevisionListDto, SettingRevisionDto } from '../revisions/revision.dto.ts';
import { SettingRevisions } from '../revisions/setting-revisions.ts';
import type { Store } from '../store/store.ts';
import { DEFAULT_SYSTEM_PARAMETERS } from './system-parameter-catalogue.ts';
import type { SystemParameterValues } from './system-parameter-catalogue.ts';
import { SystemParametersPatchDto } from './system-parameters.dto.ts';
import type { SystemParametersDto } from './system-parameters.dto.ts';
import type { SystemParametersEntity } from './system-parameters.entity.ts';
import { findSystemParameters, SYSTEM_ID } from './system-parameters.ts';

/** What holds for the whole installation: shown and changed. Who uses it reads it by readSystemParameters. */
export class SystemParameterService {
  constructor(
    private readonly store: Store,
    private readonly clock: Clock,
  ) {}

  get(): Promise<Plain<SystemParametersDto>> {
    return this.store.run(async (manager) => dtoOf(await findSystemParameters(manager)));
  }

  change(
    { pipelineDefaults, ...numbers }: SystemParametersPatchDto,
    by: { readonly caller: Caller; readonly ifMatch: string | undefined },
  ): Promise<Plain<SystemParametersDto>> {
    const given: Partial<Record<keyof SystemParameterValues, unknown>> = {
      ...numbers,
      pipelineDefaults:
        pipelineDefaults === undefined || pipelineDefaults === null ? pipelineDefaults : setOf(pipelineDefaults),
    };
    checkParameters(given.pipelineDefaults ?? {});
    return this.set(by, (_manager, { set }) => {
      const next = Object.entries({ ...set, ...setOf(given) }).filter(([, value]) => value !== null);
      return Promise.resolve(Object.fromEntries(next));
    });
  }

  /** Their revisions: one for each version. */
  revisions(query: PageQuery): Promise<RevisionListDto> {
    return this.store.run(async (manager) => REVISIONS.list(manager, await findSystemParameters(manager), query));
  }

  /** `number` as it stands in the address. Throws RESOURCE_NOT_FOUND. */
  revision(number: string): Promise<SettingRevisionDto> {
    return this.store.run(async (manager) => REVISIONS.get(manager, await findSystemParameters(manager), number));
  }

  diff(numbers: { readonly before: string; readonly after: string }): Promise<RevisionDiffDto> {
    return this.store.run(async (manager) => REVISIONS.diff(manager, await findSystemParameters(manager), numbers));
  }

  /** Makes a new version of what was set at an earlier one. What the rules refuse today is refused. */
  rollback(
    number: string,
    { caller, ifMatch }: { readonly caller: Caller; readonly ifMatch: string | undefined },
  ): Promise<Plain<SystemParametersDto>> {
    const comment = caller.comment ?? `Back to revision ${number}`;
    return this.set({ caller: { ...caller, comment }, ifMatch }, async (manager, entity) => {
      const { settings } = await REVISIONS.find(manager, entity, number);
      requireValid(settings);
      return settings;
    });
  }

  private set(
    { caller, ifMatch }: { readonly caller: Caller; readonly ifMatch: string | undefined },
    next: (manager: EntityManager, entity: SystemParametersEntity) => Promise<Partial<SystemParameterValues>>,
  ): Promise<Plain<SystemParametersDto>> {
    const at = this.clock.now();
    return this.store.change(async (manager) => {
      const entity = await findSystemParameters(manager);
      requireMatch(entity.version, ifMatch);
      const before = dtoOf(entity);
      const revised = REVISIONS.of(entity);
      Object.assign(entity, { set: await next(manager, entity), updatedAt: at });
      const after = dtoOf(await manager.save(entity));
      await REVISIONS.keep(manager, entity, revised, { caller, at });
      const write = { action: 'update', resource: 'system-parameters', resourceId: SYSTEM_ID, before, after } as const;
      await recordAudit(manager, write, { caller, at });
      return after;
    });
  }
}

const REVISIONS = new SettingRevisions<SystemParametersEntity>('system-parameters', ({ set }) => set);

/** What a release before allowed may be out of range by now. Throws REQUEST_INVALID. */
function requireValid(settings: Readonly<Record<string, unknown>>): void {
  const { pipelineDefaults } = checkedBody(SystemParametersPatchDto, settings);
  checkParameters(setOf(pipelineDefaults ?? {}));
}

/** Only what was sent. */
const setOf = (given: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));

const dtoOf = (entity: SystemParametersEntity): Plain<SystemParametersDto> => ({
  ...resourceDtoOf(entity),
  ...DEFAULT_SYSTEM_PARAMETERS,
  ...entity.set,
});
