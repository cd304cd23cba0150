import type { Clock } from '@lutra/model';
import { recordAudit } from '../audit/record-audit.ts';
import { requireMatch } from '../http/require-match.ts';
import { resourceDtoOf } from '../http/resource.dto.ts';
import type { Plain } from '../http/plain.ts';
import type { Caller } from '../http/token.guard.ts';
import { checkParameters } from '../pipelines/parameter-rules.ts';
import type { Store } from '../store/store.ts';
import { DEFAULT_SYSTEM_PARAMETERS } from './system-parameter-catalogue.ts';
import type { SystemParameterValues } from './system-parameter-catalogue.ts';
import type { SystemParametersDto, SystemParametersPatchDto } from './system-parameters.dto.ts';
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
    const at = this.clock.now();
    const given: Partial<Record<keyof SystemParameterValues, unknown>> = {
      ...numbers,
      pipelineDefaults:
        pipelineDefaults === undefined || pipelineDefaults === null ? pipelineDefaults : setOf(pipelineDefaults),
    };
    checkParameters(given.pipelineDefaults ?? {});
    return this.store.change(async (manager) => {
      const entity = await findSystemParameters(manager);
      requireMatch(entity.version, by.ifMatch);
      const before = dtoOf(entity);
      const next = Object.entries({ ...entity.set, ...setOf(given) }).filter(([, value]) => value !== null);
      Object.assign(entity, { set: Object.fromEntries(next), updatedAt: at });
      const after = dtoOf(await manager.save(entity));
      const write = { action: 'update', resource: 'system-parameters', resourceId: SYSTEM_ID, before, after } as const;
      await recordAudit(manager, write, { caller: by.caller, at });
      return after;
    });
  }
}

/** Only what was sent. */
const setOf = (given: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));

const dtoOf = (entity: SystemParametersEntity): Plain<SystemParametersDto> => ({
  ...resourceDtoOf(entity),
  ...DEFAULT_SYSTEM_PARAMETERS,
  ...entity.set,
});
