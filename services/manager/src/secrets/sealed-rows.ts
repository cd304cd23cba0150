import { IsNull, Not } from 'typeorm';
import type { EntityManager } from 'typeorm';
import type { DataSourceDefinition, SealedSecret } from '@lutra/model';
import { DataSourceEntity } from '../data-sources/data-source.entity.ts';
import { keysOf } from '../mapping-rules/masking-keys.ts';
import { MappingEntity } from '../mappings/mapping.entity.ts';
import { DefinitionEntity } from '../publishing/definition.entity.ts';
import { ReceiverEntity } from '../receivers/receiver.entity.ts';
import { RemovalEntity } from '../removals/removal.entity.ts';

/** Where the store keeps secrets. Users, sessions and API keys have hashes, which are under no key. */
export const SEALED_KINDS = ['dataSources', 'receivers', 'removals', 'mappings', 'definitions'] as const;
export type SealedKind = (typeof SEALED_KINDS)[number];

/** A row with secrets, as they are kept. */
export interface SealedRow {
  readonly kind: SealedKind;
  readonly id: string;
  readonly kept: readonly SealedSecret[];
}

/** Every row of the store that holds secrets. */
export async function readSealedRows(manager: EntityManager): Promise<readonly SealedRow[]> {
  const [dataSources, receivers, removals, mappings, definitions] = await Promise.all([
    manager.find(DataSourceEntity, { select: { id: true, passwordSealed: true, tlsKeySealed: true } }),
    manager.find(ReceiverEntity, { select: { id: true, secretsSealed: true } }),
    manager.find(RemovalEntity, { select: { pipelineId: true, target: true } }),
    manager.find(MappingEntity, { select: { id: true, rules: true }, where: { rules: Not(IsNull()) } }),
    manager.find(DefinitionEntity, { where: { isRemoved: false } }),
  ]);
  return [
    ...dataSources.map((one) => row('dataSources', one.id, [one.passwordSealed, one.tlsKeySealed])),
    ...receivers.map((one) => row('receivers', one.id, [one.secretsSealed])),
    ...removals.map((one) => row('removals', one.pipelineId, one.target === null ? [] : keptBy(one.target))),
    ...mappings.map(({ id, rules }) => row('mappings', id, keysOf(rules))),
    ...definitions.map(({ pipelineId, body: { source, target, lookupSources = [], mappings: mapped } }) =>
      row('definitions', pipelineId, [
        ...[source, target, ...lookupSources].flatMap(keptBy),
        ...mapped.flatMap(({ rules }) => keysOf(rules)),
      ]),
    ),
  ];
}

const keptBy = ({ password, tlsKey }: DataSourceDefinition): (SealedSecret | undefined)[] => [password, tlsKey];

const row = (kind: SealedKind, id: string, kept: readonly (SealedSecret | null | undefined)[]): SealedRow => ({
  kind,
  id,
  kept: kept.filter((one) => one !== null && one !== undefined),
});
