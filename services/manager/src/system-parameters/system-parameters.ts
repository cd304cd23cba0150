import type { EntityManager } from 'typeorm';
import { must } from '@lutra/model';
import { DEFAULT_SYSTEM_PARAMETERS } from './system-parameter-catalogue.ts';
import type { SystemParameterValues } from './system-parameter-catalogue.ts';
import { SystemParametersEntity } from './system-parameters.entity.ts';

/** Id of the one row. */
export const SYSTEM_ID = 'system';

/** What holds just now, read with the caller's own connection: one row by its key, so that a change counts at once everywhere. */
export async function readSystemParameters(manager: EntityManager): Promise<SystemParameterValues> {
  return { ...DEFAULT_SYSTEM_PARAMETERS, ...(await findSystemParameters(manager)).set };
}

export async function findSystemParameters(manager: EntityManager): Promise<SystemParametersEntity> {
  return must(await manager.findOneBy(SystemParametersEntity, { id: SYSTEM_ID }), 'the migration makes the row');
}
