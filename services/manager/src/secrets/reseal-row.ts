import type { EntityManager } from 'typeorm';
import type { DataSourceDefinition } from '@lutra/model';
import type { Secrets } from '@lutra/service-kit';
import { ownCaller } from '../access/caller.ts';
import { recordAudit } from '../audit/record-audit.ts';
import type { AuditedWrite } from '../audit/record-audit.ts';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { replaceKeys } from '../mapping-rules/masking-keys.ts';
import { MappingEntity } from '../mappings/mapping.entity.ts';
import { PipelineEntity } from '../pipelines/pipeline.entity.ts';
import { pipelinesOf, reviseDefinitions } from '../publishing/revisions.ts';
import { ReceiverEntity } from '../receivers/receiver.entity.ts';
import { RemovalEntity } from '../removals/removal.entity.ts';
import type { SealedRow } from './sealed-rows.ts';

const CALLER = ownCaller({ id: 'manager', name: 'manager' });

interface Reseal {
  readonly secrets: Secrets;
  readonly at: Date;
}

/**
 * Seals what a row holds under the newest key, inside a change of the configuration ({@link Store.change}). People who edit
 * the row meanwhile are not disturbed: its version stays. A data source's pipelines get a revision, which brings it to the
 * stages. Definitions follow their data sources and mappings. Throws CONFIG_ENV_INVALID when no key opens it.
 */
export async function resealRow(manager: EntityManager, { kind, id }: SealedRow, reseal: Reseal): Promise<void> {
  switch (kind) {
    case 'dataSources':
      return resealDataSource(manager, id, reseal);
    case 'receivers':
      return resealReceiver(manager, id, reseal);
    case 'removals':
      return resealRemoval(manager, id, reseal);
    case 'mappings':
      return resealMapping(manager, id, reseal);
    case 'definitions':
      // A pipeline may have been removed since the row was read.
      if (await manager.existsBy(PipelineEntity, { id })) await reviseDefinitions(manager, [id], revisedBy(reseal));
      return undefined;
  }
}

async function resealDataSource(manager: EntityManager, id: string, reseal: Reseal): Promise<void> {
  const entity = await manager.findOneBy(DataSourceEntity, { id });
  if (entity === null) return;
  const { secrets } = reseal;
  const password = secrets.reseal(entity.passwordSealed);
  const tlsKey = entity.tlsKeySealed === null ? null : secrets.reseal(entity.tlsKeySealed);
  // By hand: save() and update() count the version up.
  await manager.query('UPDATE data_source SET password_sealed = ?, tls_key_sealed = ? WHERE id = ?', [
    ...[password, tlsKey, id],
  ]);
  await reviseDefinitions(manager, await pipelinesOf(manager, id), revisedBy(reseal));
  await note(manager, { resource: 'data-source', resourceId: id }, reseal);
}

async function resealReceiver(manager: EntityManager, id: string, reseal: Reseal): Promise<void> {
  const entity = await manager.findOneBy(ReceiverEntity, { id });
  if (entity === null) return;
  const sealed = reseal.secrets.reseal(entity.secretsSealed);
  await manager.query('UPDATE receiver SET secrets_sealed = ? WHERE id = ?', [sealed, id]);
  await note(manager, { resource: 'receiver', resourceId: id }, reseal);
}

async function resealRemoval(manager: EntityManager, pipelineId: string, { secrets }: Reseal): Promise<void> {
  const entity = await manager.findOneBy(RemovalEntity, { pipelineId });
  const before = entity?.target ?? null;
  if (before === null) return;
  const { password, tlsKey, ...rest } = before;
  const target: DataSourceDefinition = {
    ...rest,
    password: secrets.reseal(password),
    ...(tlsKey === undefined ? {} : { tlsKey: secrets.reseal(tlsKey) }),
  };
  // It may have been done meanwhile, without the lock of changes: then there is nothing to seal any more.
  await manager.query('UPDATE removal SET target = ? WHERE pipeline_id = ? AND target IS NOT NULL', [
    ...[JSON.stringify(target), pipelineId],
  ]);
}

async function resealMapping(manager: EntityManager, id: string, reseal: Reseal): Promise<void> {
  const entity = await manager.findOneBy(MappingEntity, { id });
  const rules = entity?.rules ?? null;
  if (entity === null || rules === null) return;
  const sealed = replaceKeys(rules, (key) => reseal.secrets.reseal(key));
  await manager.query('UPDATE mapping SET rules = ? WHERE id = ?', [JSON.stringify(sealed), id]);
  await reviseDefinitions(manager, [entity.pipelineId], revisedBy(reseal));
  await note(manager, { resource: 'mapping', resourceId: id }, reseal);
}

function note(
  manager: EntityManager,
  what: Pick<AuditedWrite, 'resource' | 'resourceId'>,
  { secrets, at }: Reseal,
): Promise<void> {
  const after = { sealedUnder: secrets.keyIds[0] };
  return recordAudit(
    manager,
    { action: 'update', ...what, before: null, after },
    { caller: { name: CALLER.name }, at },
  );
}

const revisedBy = ({ secrets, at }: Reseal) => ({
  caller: { ...CALLER, comment: `Secrets sealed under key ${String(secrets.keyIds[0])}` },
  at,
});
